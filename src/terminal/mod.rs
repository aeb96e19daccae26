//! Asks the user on the terminal. The rules:
//!
//! 1. Questions go to the terminal itself and answers come from it: stdin stays free for data.
//! 2. Without a terminal nothing is asked: the command names the flag to use instead.
//! 3. A secret is not shown while it is typed, nor how long it is, and is wiped once it was used.
//! 4. Ctrl-C, Ctrl-D and an error leave the terminal as it was.

mod hidden;
mod page;
mod spinner;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::notice::{Fix, Kind, Notice};

pub use page::open_page;
pub use spinner::Spinner;

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Silence {
    /// There is no terminal to ask on: the answer has to come from a flag or from stdin.
    #[error("there is no terminal to ask on")]
    NoTerminal,
    /// The user gave no answer: Ctrl-D, or an empty line where one is needed.
    #[error("nothing was entered, and nothing has changed")]
    Unanswered,
    /// The user pressed Ctrl-C.
    #[error("stopped, and nothing has changed")]
    Interrupted,
    /// The answer is not text, or it is too long.
    #[error("what was entered is not text that could be meant")]
    Unreadable,
}

impl Silence {
    /// What happened; `instead` is what to run if there is no terminal.
    pub fn notice(self, instead: &'static str) -> Notice {
        match self {
            Silence::NoTerminal => Notice::new(self.to_string(), instead).of_kind(Kind::Usage),
            Silence::Unanswered | Silence::Interrupted | Silence::Unreadable => {
                Notice::new(self.to_string(), Fix::NONE)
            }
        }
    }
}

/// Nearly every question is about a login, which can also come from stdin.
impl From<Silence> for Notice {
    fn from(silence: Silence) -> Notice {
        silence.notice("give the token on stdin: git credential-heroku-rs login --with-token")
    }
}

/// What Enter alone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unless {
    /// It is done unless they say no.
    TheySayNo,
    /// It is left alone unless they say yes.
    TheySayYes,
}

/// Whether stdin is a terminal.
pub fn is_stdin() -> bool {
    io::stdin().is_terminal()
}

/// Whether stdout is a terminal.
pub fn is_stdout() -> bool {
    io::stdout().is_terminal()
}

/// How many columns stdout has, if it is a terminal that says so.
#[cfg(unix)]
pub fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// On Windows no terminal is asked.
#[cfg(not(unix))]
pub fn columns() -> Option<usize> {
    None
}

/// Whether stderr is a terminal.
pub fn is_stderr() -> bool {
    io::stderr().is_terminal()
}

/// Whether there is a terminal to ask the user on.
pub fn is_there() -> bool {
    open().is_ok()
}

/// Asks for a line, which may be empty. The answer is shown while it is typed.
///
/// # Errors
/// [`Silence::NoTerminal`], or why the user gave no answer.
pub fn line(question: &str) -> Result<String, Silence> {
    let terminal = Terminal::open()?;
    terminal.write(question)?;
    answer_in(&mut BufReader::new(&terminal.input))
}

/// Asks for a secret, and does not show it.
///
/// # Errors
/// As [`line`].
pub fn hidden(question: &str) -> Result<Zeroizing<String>, Silence> {
    let terminal = Terminal::open()?;
    hidden::ask(&terminal, question)
}

/// Asks for yes or no; Enter alone means what `unless` says.
///
/// # Errors
/// As [`line`].
pub fn agrees(question: &str, unless: Unless) -> Result<bool, Silence> {
    const TRIES: usize = 3;
    let choice = match unless {
        Unless::TheySayNo => "[Y/n]",
        Unless::TheySayYes => "[y/N]",
    };
    let terminal = Terminal::open()?;
    let mut answers = BufReader::new(&terminal.input);
    for _ in 0..TRIES {
        terminal.write(&format!("{question} {choice} "))?;
        if let Some(agreed) = meaning(&answer_in(&mut answers)?, unless) {
            return Ok(agreed);
        }
    }
    Err(Silence::Unanswered)
}

/// A terminal's two directions: on Windows they are two files.
struct Terminal {
    input: File,
    output: File,
}

impl Terminal {
    fn open() -> Result<Terminal, Silence> {
        let (input, output) = open().map_err(|_| Silence::NoTerminal)?;
        Ok(Terminal { input, output })
    }

    fn write(&self, text: &str) -> Result<(), Silence> {
        let mut output = &self.output;
        let written = output.write_all(text.as_bytes());
        written
            .and_then(|()| output.flush())
            .map_err(|_| Silence::NoTerminal)
    }
}

#[cfg(unix)]
fn open() -> io::Result<(File, File)> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    Ok((terminal.try_clone()?, terminal))
}

#[cfg(not(unix))]
fn open() -> io::Result<(File, File)> {
    let open = |name| OpenOptions::new().read(true).write(true).open(name);
    Ok((open("CONIN$")?, open("CONOUT$")?))
}

fn answer_in(terminal: &mut impl BufRead) -> Result<String, Silence> {
    const LONGEST: u64 = 4096;
    let mut answer = String::new();
    match terminal.by_ref().take(LONGEST).read_line(&mut answer) {
        Ok(0) => Err(Silence::Unanswered),
        Ok(_) => Ok(answer.trim().to_owned()),
        Err(_) => Err(Silence::Unreadable),
    }
}

fn meaning(answer: &str, unless: Unless) -> Option<bool> {
    match answer.to_lowercase().as_str() {
        "" => Some(unless == Unless::TheySayNo),
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_alone_is_the_answer_that_the_question_shows() {
        assert_eq!(meaning("", Unless::TheySayNo), Some(true));
        assert_eq!(meaning("", Unless::TheySayYes), Some(false));
    }

    #[test]
    fn only_yes_and_no_are_yes_and_no() {
        for (answer, expected) in [("Y", Some(true)), ("NO", Some(false)), ("yep", None)] {
            assert_eq!(meaning(answer, Unless::TheySayYes), expected, "{answer}");
        }
    }

    #[test]
    fn the_end_of_input_is_not_an_empty_answer() {
        assert_eq!(answer_in(&mut &b"\n"[..]), Ok(String::new()));
        assert_eq!(answer_in(&mut &b" ann \r\n"[..]), Ok("ann".to_owned()));
        assert_eq!(answer_in(&mut &b""[..]), Err(Silence::Unanswered));
        assert_eq!(answer_in(&mut &b"\xff\n"[..]), Err(Silence::Unreadable));
    }

    #[test]
    fn where_there_is_no_terminal_the_flag_is_named() {
        let notice = Silence::NoTerminal.notice("run: x --yes");
        assert_eq!(notice.kind(), Kind::Usage);
        assert_eq!(notice.fix(), "run: x --yes".into());
        assert!(Silence::Interrupted.notice("run: x --yes").fix().is_empty());
    }
}
