//! A line that is not shown while it is typed.
//!
//! The terminal passes every key to us, Ctrl-C too. So no key can stop the program while the echo is off, and
//! the echo is always turned on again. On Windows a crate does the same.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::{Silence, Terminal};
#[cfg(unix)]
use crate::hardening;

/// The longest line that is read, in bytes: more than any secret.
const LONGEST: usize = 4096;

#[cfg(unix)]
pub(super) fn ask(terminal: &Terminal, question: &str) -> Result<Zeroizing<String>, Silence> {
    // What is typed is a secret from its first letter on.
    hardening::close_to_others();
    let quiet = Quiet::over(&terminal.input).map_err(|_| Silence::NoTerminal)?;
    // Only once the echo is off: what is typed at the question is not shown.
    terminal.write(question)?;
    let answer = secret_in(&mut &terminal.input);
    drop(quiet);
    terminal.write("\n")?;
    if answer == Err(Silence::Interrupted) {
        interrupt();
    }
    answer
}

#[cfg(not(unix))]
pub(super) fn ask(terminal: &Terminal, question: &str) -> Result<Zeroizing<String>, Silence> {
    terminal.write(question)?;
    let typed = rpassword::read_password().map_err(|_| Silence::Unanswered)?;
    let typed = Zeroizing::new(typed);
    secret_in(&mut typed.as_bytes().chain(&b"\n"[..]))
}

/// A terminal that shows nothing and passes every key to us, until this value is dropped.
#[cfg(unix)]
struct Quiet<'t> {
    terminal: &'t std::fs::File,
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Quiet<'_> {
    fn over(terminal: &std::fs::File) -> io::Result<Quiet<'_>> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        // The input is not flushed, so that a quick paste is kept.
        tcsetattr(terminal, OptionalActions::Drain, &quiet)?;
        Ok(Quiet { terminal, before })
    }
}

/// The rest of a paste of several lines is discarded: the shell would run it.
#[cfg(unix)]
impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// Ends the program as Ctrl-C does, with the exit status that scripts expect. If the parent process has us
/// ignore the signal, the program goes on.
#[cfg(unix)]
fn interrupt() {
    use rustix::process::{Signal, getpid, kill_process};
    let _ = kill_process(getpid(), Signal::INT);
}

/// Reads a line of keys as a terminal would: Backspace removes a character, Ctrl-U removes all.
fn secret_in(keys: &mut impl Read) -> Result<Zeroizing<String>, Silence> {
    const CTRL_C: u8 = 0x03;
    const CTRL_D: u8 = 0x04;
    const BACKSPACE: u8 = 0x08;
    const CTRL_U: u8 = 0x15;
    const CTRL_BACKSLASH: u8 = 0x1c;
    const DELETE: u8 = 0x7f;
    let mut typed = Zeroizing::new(Vec::with_capacity(LONGEST));
    loop {
        match next_key(keys).ok_or(Silence::Unanswered)? {
            CTRL_C | CTRL_BACKSLASH => return Err(Silence::Interrupted),
            CTRL_D if typed.is_empty() => return Err(Silence::Unanswered),
            b'\n' | b'\r' | CTRL_D => break,
            BACKSPACE | DELETE => remove_last_character(&mut typed),
            CTRL_U => typed.clear(),
            _ if typed.len() == LONGEST => return Err(Silence::Unreadable),
            key => typed.push(key),
        }
    }
    let text = std::str::from_utf8(&typed).map_err(|_| Silence::Unreadable)?;
    if text.trim().is_empty() {
        Err(Silence::Unanswered)
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

    fn typed(keys: &str) -> Result<String, Silence> {
        secret_in(&mut keys.as_bytes()).map(|text| text.to_string())
    }

    #[test]
    fn a_secret_is_what_is_left_after_corrections() {
        assert_eq!(typed("open sesame\r").unwrap(), "open sesame");
        assert_eq!(typed("wrong\u{15}right\n").unwrap(), "right");
        assert_eq!(typed("zoé\u{7f}e\n").unwrap(), "zoe");
        assert_eq!(typed("\u{8}\u{8}ab\u{4}").unwrap(), "ab");
    }

    #[test]
    fn blanks_belong_to_a_password_but_are_none() {
        assert_eq!(typed(" a \n").unwrap(), " a ");
        assert_eq!(typed(" \n"), Err(Silence::Unanswered));
    }

    #[test]
    fn stopping_is_no_answer() {
        assert_eq!(typed("half\u{3}"), Err(Silence::Interrupted));
        assert_eq!(typed("\u{1c}"), Err(Silence::Interrupted));
        assert_eq!(typed("\u{4}"), Err(Silence::Unanswered));
        assert_eq!(typed("the terminal has gone"), Err(Silence::Unanswered));
    }

    #[test]
    fn no_paste_is_without_end() {
        assert_eq!(typed(&"x".repeat(LONGEST + 1)), Err(Silence::Unreadable));
        let not_text = secret_in(&mut &b"\xff\n"[..]);
        assert_eq!(not_text.unwrap_err(), Silence::Unreadable);
    }
}
