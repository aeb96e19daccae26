//! Talking to a person. The rules:
//!
//! 1. Questions go to the terminal itself and answers come from it: stdin stays free for data.
//! 2. Nobody is asked where there is no terminal: the command names the flag to use instead.
//! 3. A secret is not shown while it is typed, not even what is typed before the question is there.
//! 4. Ctrl-C and Ctrl-D leave the terminal as it was.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use indicatif::ProgressBar;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::problem::{Kind, Problem};

/// Whether stdin is a terminal.
pub fn is_stdin() -> bool {
    io::stdin().is_terminal()
}

/// Whether stdout is a terminal.
pub fn is_stdout() -> bool {
    io::stdout().is_terminal()
}

/// Whether there is a terminal to ask a person on.
pub fn is_there() -> bool {
    open().is_ok()
}

/// Asks for a line.
///
/// # Errors
/// That there is no terminal, or that the question was not answered.
pub fn line(question: &str) -> Result<String, Problem> {
    let terminal = open().map_err(|_| absent())?;
    show(&terminal, question).map_err(|_| absent())?;
    let mut answer = String::new();
    match BufReader::new(&terminal).read_line(&mut answer) {
        Ok(length) if length > 0 => Ok(answer.trim().to_owned()),
        Ok(_) | Err(_) => Err(unanswered()),
    }
}

/// Asks for a secret, and does not show it.
///
/// # Errors
/// As [`line`].
pub fn hidden(question: &str) -> Result<Zeroizing<String>, Problem> {
    let terminal = open().map_err(|_| absent())?;
    let answer = secret::ask(&terminal, question).map_err(|_| unanswered())?;
    match answer.trim().is_empty() {
        true => Err(unanswered()),
        false => Ok(answer),
    }
}

/// Asks for yes or no; an empty answer is yes.
///
/// # Errors
/// As [`line`].
pub fn agrees(question: &str) -> Result<bool, Problem> {
    let answer = line(&format!("{question} [Y/n] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "" | "y" | "yes"))
}

/// Shows that something is waited for, until it is dropped; only where stderr is a terminal.
pub struct Waiting(ProgressBar);

impl Waiting {
    /// Says what is waited for.
    pub fn start(what: &str) -> Waiting {
        let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(120));
        Waiting(spinner)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn show(mut terminal: &File, text: &str) -> io::Result<()> {
    terminal.write_all(text.as_bytes())?;
    terminal.flush()
}

#[cfg(unix)]
mod secret {
    //! Hidden input. The crates for it show the question before they turn the echo off, so that a
    //! quick paste is seen, and let Ctrl-C end the program with the echo still off.

    use std::fs::File;
    use std::io::{self, Read};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use zeroize::Zeroizing;

    /// Longer than any secret that a person types or pastes.
    const LONGEST: usize = 4096;

    const CTRL_C: u8 = 3;
    const CTRL_D: u8 = 4;
    const CTRL_U: u8 = 21;
    const BACKSPACE: u8 = 8;
    const DELETE: u8 = 127;

    /// Gives the terminal its ways back, however the question ends.
    struct Quiet<'a> {
        terminal: &'a File,
        before: Termios,
    }

    impl Quiet<'_> {
        /// No echo, and each key as it is pressed: Ctrl-C comes as a key too.
        fn new(terminal: &File) -> io::Result<Quiet<'_>> {
            let before = tcgetattr(terminal)?;
            let mut quiet = before.clone();
            quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
            tcsetattr(terminal, OptionalActions::Drain, &quiet)?;
            Ok(Quiet { terminal, before })
        }
    }

    impl Drop for Quiet<'_> {
        fn drop(&mut self) {
            let _ = tcsetattr(self.terminal, OptionalActions::Drain, &self.before);
            let _ = super::show(self.terminal, "\n");
        }
    }

    pub(super) fn ask(terminal: &File, question: &str) -> io::Result<Zeroizing<String>> {
        let _quiet = Quiet::new(terminal)?;
        super::show(terminal, question)?;
        read(terminal)
    }

    /// Reads keys up to the end of the line; an error where the person has thought better of it.
    pub(super) fn read(mut keys: impl Read) -> io::Result<Zeroizing<String>> {
        let mut typed = Zeroizing::new(Vec::with_capacity(LONGEST));
        let mut key = [0];
        loop {
            if keys.read(&mut key)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match key[0] {
                b'\r' | b'\n' => break,
                CTRL_C => return Err(io::ErrorKind::Interrupted.into()),
                CTRL_D if typed.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                CTRL_D => break,
                CTRL_U => typed.clear(),
                BACKSPACE | DELETE => drop(typed.pop()),
                _ if typed.len() == LONGEST => return Err(io::ErrorKind::InvalidInput.into()),
                byte => typed.push(byte),
            }
        }
        let text = std::str::from_utf8(&typed).map_err(io::Error::other)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

#[cfg(not(unix))]
mod secret {
    use std::fs::File;
    use std::io;

    use zeroize::Zeroizing;

    pub(super) fn ask(_: &File, question: &str) -> io::Result<Zeroizing<String>> {
        rpassword::prompt_password(question).map(Zeroizing::new)
    }
}

/// Opens a page in the person's browser, where there is one: `BROWSER`, else the system's own way.
///
/// The page's address has been printed too, so that a browser that does not come up stops nobody.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that starts a browser"
)]
pub fn open_page(page: &str, environment: &Environment) {
    let usual = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let program = environment.browser.clone().unwrap_or_else(|| usual.into());
    let _ = Command::new(program)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}

#[cfg(unix)]
fn open() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}

#[cfg(not(unix))]
fn open() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("CONIN$")
}

fn absent() -> Problem {
    let mend = "give the token on stdin: git credential-heroku-rs login --with-token";
    Problem::new("there is no terminal to ask on", mend).of_kind(Kind::Usage)
}

fn unanswered() -> Problem {
    Problem::new("nothing was entered, and nothing has changed", "")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::secret::read;

    #[test]
    fn what_is_typed_is_what_is_read() {
        let typed = |keys: &str| read(keys.as_bytes()).ok().map(|text| text.to_string());
        assert_eq!(typed("abc\n").as_deref(), Some("abc"));
        assert_eq!(typed("abX\u{7f}c\r").as_deref(), Some("abc"));
        assert_eq!(typed("wrong\u{15}right\n").as_deref(), Some("right"));
        assert_eq!(typed("ab\u{4}").as_deref(), Some("ab"));
        assert_eq!(typed("\u{4}"), None, "Ctrl-D");
        assert_eq!(typed("ab\u{3}c\n"), None, "Ctrl-C");
        assert_eq!(typed("ab"), None, "the terminal has gone");
    }
}
