//! Reads a line without echo.
//!
//! The terminal passes every key to us, also Ctrl-C. So no key can stop the program while the echo is off, and a signal
//! that ends the program turns the echo on first. On Windows a crate does the same.

use std::io::{self, Read};

use zeroize::Zeroizing;

#[cfg(unix)]
use super::ending_signals::Watch;
use super::{PromptError, Terminal};
#[cfg(unix)]
use crate::hardening;

/// The longest line that is read, in bytes: more than any secret.
const LONGEST: usize = 4096;

#[cfg(unix)]
pub(super) fn ask(terminal: &Terminal, question: &str) -> Result<Zeroizing<String>, PromptError> {
    // Before the first character of the secret is typed.
    hardening::close_to_others();
    let no_echo = NoEcho::start(&terminal.input).map_err(|_| PromptError::NoTerminal)?;
    // Only after the echo is off, so that no character typed in response is echoed.
    terminal.write(question)?;
    let answer = read_secret(&mut &terminal.input);
    drop(no_echo);
    terminal.write("\n")?;
    if answer == Err(PromptError::Interrupted) {
        interrupt();
    }
    answer
}

#[cfg(not(unix))]
pub(super) fn ask(terminal: &Terminal, question: &str) -> Result<Zeroizing<String>, PromptError> {
    terminal.write(question)?;
    let typed = rpassword::read_password().map_err(|_| PromptError::NoAnswer)?;
    let typed = Zeroizing::new(typed);
    read_secret(&mut typed.as_bytes().chain(&b"\n"[..]))
}

/// Turns off the echo and the signal keys until it is dropped.
#[cfg(unix)]
struct NoEcho<'t> {
    terminal: &'t std::fs::File,
    before: rustix::termios::Termios,
    _signals: Watch,
}

#[cfg(unix)]
impl NoEcho<'_> {
    fn start(terminal: &std::fs::File) -> io::Result<NoEcho<'_>> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(terminal)?;
        let signals = {
            let (terminal, before) = (terminal.try_clone()?, before.clone());
            Watch::start(move || restore(&terminal, &before))?
        };
        let mut quiet = before.clone();
        quiet.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        // The input is not flushed, so that a quick paste is kept.
        tcsetattr(terminal, OptionalActions::Drain, &quiet)?;
        Ok(NoEcho {
            terminal,
            before,
            _signals: signals,
        })
    }
}

#[cfg(unix)]
impl Drop for NoEcho<'_> {
    fn drop(&mut self) {
        restore(self.terminal, &self.before);
    }
}

/// Restores the settings. The rest of a paste of several lines is discarded: the shell would run it.
#[cfg(unix)]
fn restore(terminal: &std::fs::File, before: &rustix::termios::Termios) {
    use rustix::termios::{OptionalActions, tcsetattr};
    let _ = tcsetattr(terminal, OptionalActions::Flush, before);
}

/// Ends the program as Ctrl-C does, with the exit status that scripts expect.
#[cfg(unix)]
fn interrupt() {
    use rustix::process::{Signal, getpid, kill_process};
    let _ = kill_process(getpid(), Signal::INT);
}

/// Reads a line as a terminal does: Backspace removes a character, Ctrl-U removes all.
fn read_secret(keys: &mut impl Read) -> Result<Zeroizing<String>, PromptError> {
    const CTRL_C: u8 = 0x03;
    const CTRL_D: u8 = 0x04;
    const BACKSPACE: u8 = 0x08;
    const CTRL_U: u8 = 0x15;
    const CTRL_BACKSLASH: u8 = 0x1c;
    const DELETE: u8 = 0x7f;
    let mut typed = Zeroizing::new(Vec::with_capacity(LONGEST));
    loop {
        match next_key(keys).ok_or(PromptError::NoAnswer)? {
            CTRL_C | CTRL_BACKSLASH => return Err(PromptError::Interrupted),
            CTRL_D if typed.is_empty() => return Err(PromptError::NoAnswer),
            b'\n' | b'\r' | CTRL_D => break,
            BACKSPACE | DELETE => remove_last_character(&mut typed),
            CTRL_U => typed.clear(),
            _ if typed.len() == LONGEST => return Err(PromptError::Invalid),
            key => typed.push(key),
        }
    }
    let text = std::str::from_utf8(&typed).map_err(|_| PromptError::Invalid)?;
    if text.trim().is_empty() {
        Err(PromptError::NoAnswer)
    } else {
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn next_key(keys: &mut impl Read) -> Option<u8> {
    let mut key = Zeroizing::new([0]);
    loop {
        match keys.read(key.as_mut()) {
            Ok(0) => return None,
            Ok(_) => return key.first().copied(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(_) => return None,
        }
    }
}

/// Removes the last character, which may have several bytes.
fn remove_last_character(typed: &mut Vec<u8>) {
    let is_continued = |byte: u8| byte & 0xc0 == 0x80;
    while typed.pop().is_some_and(is_continued) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Result<String, PromptError> {
        read_secret(&mut keys.as_bytes()).map(|text| text.to_string())
    }

    #[test]
    fn a_secret_can_be_corrected() {
        assert_eq!(typed("open sesame\r").unwrap(), "open sesame");
        assert_eq!(typed("wrong\u{15}right\n").unwrap(), "right");
        assert_eq!(typed("zoé\u{7f}e\n").unwrap(), "zoe");
        assert_eq!(typed("\u{8}\u{8}ab\u{4}").unwrap(), "ab");
    }

    #[test]
    fn a_password_may_have_spaces_but_not_only_spaces() {
        assert_eq!(typed(" a \n").unwrap(), " a ");
        assert_eq!(typed(" \n"), Err(PromptError::NoAnswer));
    }

    #[test]
    fn control_keys_and_a_closed_terminal_end_the_prompt() {
        assert_eq!(typed("half\u{3}"), Err(PromptError::Interrupted));
        assert_eq!(typed("\u{1c}"), Err(PromptError::Interrupted));
        assert_eq!(typed("\u{4}"), Err(PromptError::NoAnswer));
        assert_eq!(typed("the terminal has gone"), Err(PromptError::NoAnswer));
    }

    #[test]
    fn input_that_is_too_long_or_not_text_is_rejected() {
        assert_eq!(typed(&"x".repeat(LONGEST + 1)), Err(PromptError::Invalid));
        let not_text = read_secret(&mut &b"\xff\n"[..]);
        assert_eq!(not_text.unwrap_err(), PromptError::Invalid);
    }
}
