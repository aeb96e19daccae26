//! Asks the user on the terminal. The rules:
//!
//! 1. Questions are written to the terminal itself and answers are read from it: stdin stays free for data.
//! 2. Without a terminal there are no questions: the error names the flag to use instead.
//! 3. A secret is not echoed, neither its characters nor its length, and is wiped after use.
//! 4. Ctrl-C, Ctrl-D, errors and signals that end the program restore the terminal's settings.

#[cfg(unix)]
mod no_echo;
mod page;
mod progress;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};

use thiserror::Error;
use zeroize::Zeroizing;

#[cfg(unix)]
use crate::hardening;
use crate::notice::{Fix, Notice};
#[cfg(unix)]
use crate::secret_buf::SecretBuf;
#[cfg(unix)]
use no_echo::NoEcho;

pub use page::open_page;
pub use progress::{Progress, print_in_place};

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PromptError {
    /// There is no terminal: the answer must come from a flag or from stdin.
    #[error("not running in a terminal")]
    NoTerminal,
    /// The terminal is not a Windows console, as in Git Bash: a program cannot read keys from it.
    #[error("cannot ask questions in this terminal: it is not a Windows console")]
    NoConsole,
    /// The user pressed Ctrl-D, or Enter where an answer is required.
    #[error("no answer was entered, nothing was changed")]
    NoAnswer,
    /// The answer is not text.
    #[error("the answer is not valid text, nothing was changed")]
    Invalid,
}

impl PromptError {
    /// What happened; `instead` is what to run if there is no terminal.
    pub fn notice(self, instead: impl Into<Fix>) -> Notice {
        match self {
            PromptError::NoTerminal => Notice::usage(self.to_string(), instead),
            PromptError::NoConsole => Notice::usage(
                self.to_string(),
                "in Git Bash, put winpty before the command, or use PowerShell",
            ),
            PromptError::NoAnswer | PromptError::Invalid => {
                Notice::new(self.to_string(), Fix::NONE)
            }
        }
    }
}

/// A login without a terminal: in PowerShell, else in a shell of Unix.
pub const LOGIN_BY_PIPE: &str = if cfg!(windows) {
    "$env:TOKEN | git credential-heroku-rs login --with-token"
} else {
    "printenv TOKEN | git credential-heroku-rs login --with-token"
};

/// Nearly every question belongs to a login, and a login can also read the token from stdin.
impl From<PromptError> for Notice {
    fn from(error: PromptError) -> Notice {
        error.notice(Fix::command("pipe the token in", LOGIN_BY_PIPE))
    }
}

/// The answer that Enter alone gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultAnswer {
    /// `[Y/n]`
    Yes,
    /// `[y/N]`
    No,
}

/// Whether stdin is a terminal.
pub fn is_stdin() -> bool {
    io::stdin().is_terminal()
}

/// Whether stdout is a terminal.
pub fn is_stdout() -> bool {
    io::stdout().is_terminal()
}

/// The width of stdout in columns, if it is a terminal that reports one.
#[cfg(unix)]
pub fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(not(unix))]
pub fn columns() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0))
}

/// Whether there is a terminal on which the user can answer questions.
pub fn is_available() -> bool {
    check().is_ok()
}

/// Checks that there is one.
///
/// # Errors
/// [`PromptError::NoTerminal`] or [`PromptError::NoConsole`].
pub fn check() -> Result<(), PromptError> {
    Terminal::open().map(drop)
}

/// Asks for a line, which may be empty. The answer is echoed.
///
/// # Errors
/// [`PromptError::NoTerminal`], or why the user gave no answer.
pub fn line(question: &str) -> Result<String, PromptError> {
    let terminal = Terminal::open()?;
    terminal.write(question)?;
    read_answer(&mut BufReader::new(&terminal.input))
}

/// Asks for a secret, without echo.
///
/// # Errors
/// As [`line`].
#[cfg(unix)]
pub fn hidden(question: &str) -> Result<Zeroizing<String>, PromptError> {
    // More than a terminal passes on at once.
    const LONGEST: usize = 8192;
    let terminal = Terminal::open()?;
    // Before the first character of the secret is typed.
    hardening::close_to_others();
    let no_echo = NoEcho::start(&terminal.input).map_err(|_| PromptError::NoTerminal)?;
    // Only after the echo is off, so that no character typed in response is echoed.
    terminal.write(question)?;
    let mut typed = SecretBuf::default();
    let read = loop {
        match typed.read_some(&mut &terminal.input, LONGEST) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read,
        }
    };
    drop(no_echo);
    terminal.write("\n")?;
    read.map_err(|_| PromptError::NoAnswer)?;
    parse_secret(&typed)
}

/// Asks for a secret, without echo.
///
/// # Errors
/// As [`line`].
#[cfg(not(unix))]
pub fn hidden(question: &str) -> Result<Zeroizing<String>, PromptError> {
    Terminal::open()?.write(question)?;
    let typed = rpassword::read_password().map_err(|_| PromptError::NoAnswer)?;
    parse_secret(Zeroizing::new(typed).as_bytes())
}

/// Asks for a code of an authenticator app, without echo. Apps show it with spaces, which are not part of it.
///
/// # Errors
/// As [`line`].
pub fn code(question: &str) -> Result<Zeroizing<String>, PromptError> {
    let mut code = hidden(question)?;
    code.retain(|c| !c.is_whitespace());
    Ok(code)
}

/// Asks for yes or no. Enter alone gives the default.
///
/// # Errors
/// As [`line`].
pub fn confirm(question: &str, default: DefaultAnswer) -> Result<bool, PromptError> {
    const TRIES: usize = 3;
    let choice = match default {
        DefaultAnswer::Yes => "[Y/n]",
        DefaultAnswer::No => "[y/N]",
    };
    let terminal = Terminal::open()?;
    let mut answers = BufReader::new(&terminal.input);
    for _ in 0..TRIES {
        terminal.write(&format!("{question} {choice} "))?;
        if let Some(agreed) = parse_yes_or_no(&read_answer(&mut answers)?, default) {
            return Ok(agreed);
        }
    }
    Err(PromptError::NoAnswer)
}

/// The input and the output of a terminal: on Windows they are two files.
struct Terminal {
    input: File,
    output: File,
}

impl Terminal {
    #[cfg(unix)]
    fn open() -> Result<Terminal, PromptError> {
        let output = open("/dev/tty")?;
        let input = output.try_clone().map_err(|_| PromptError::NoTerminal)?;
        Ok(Terminal { input, output })
    }

    /// `CONIN$` can be opened too if there is only a hidden console, on which no one would see the question: in the
    /// terminal of Git Bash, in a service or in CI. Only a console has a width.
    #[cfg(not(unix))]
    fn open() -> Result<Terminal, PromptError> {
        let is_console =
            columns().is_some() || terminal_size::terminal_size_of(io::stderr()).is_some();
        if !is_console && (is_stdout() || io::stderr().is_terminal()) {
            return Err(PromptError::NoConsole);
        }
        if !is_console && !is_stdin() {
            return Err(PromptError::NoTerminal);
        }
        Ok(Terminal {
            input: open("CONIN$")?,
            output: open("CONOUT$")?,
        })
    }

    fn write(&self, text: &str) -> Result<(), PromptError> {
        let mut output = &self.output;
        let written = output.write_all(text.as_bytes());
        written
            .and_then(|()| output.flush())
            .map_err(|_| PromptError::NoTerminal)
    }
}

fn open(name: &str) -> Result<File, PromptError> {
    let opened = OpenOptions::new().read(true).write(true).open(name);
    opened.map_err(|_| PromptError::NoTerminal)
}

fn read_answer(terminal: &mut impl BufRead) -> Result<String, PromptError> {
    const LONGEST: u64 = 4096;
    let mut answer = String::new();
    match terminal.by_ref().take(LONGEST).read_line(&mut answer) {
        Ok(0) => Err(PromptError::NoAnswer),
        Ok(_) => Ok(answer.trim().to_owned()),
        Err(_) => Err(PromptError::Invalid),
    }
}

/// A line without its end. Spaces may be part of a password.
fn parse_secret(line: &[u8]) -> Result<Zeroizing<String>, PromptError> {
    let line = std::str::from_utf8(line).map_err(|_| PromptError::Invalid)?;
    let secret = line.trim_end_matches(['\r', '\n']);
    if secret.trim().is_empty() {
        Err(PromptError::NoAnswer)
    } else {
        Ok(Zeroizing::new(secret.to_owned()))
    }
}

fn parse_yes_or_no(answer: &str, default: DefaultAnswer) -> Option<bool> {
    match answer.to_lowercase().as_str() {
        "" => Some(default == DefaultAnswer::Yes),
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Kind;

    #[test]
    fn enter_selects_the_default() {
        assert_eq!(parse_yes_or_no("", DefaultAnswer::Yes), Some(true));
        assert_eq!(parse_yes_or_no("", DefaultAnswer::No), Some(false));
    }

    #[test]
    fn any_other_answer_is_asked_again() {
        for (answer, expected) in [("Y", Some(true)), ("NO", Some(false)), ("yep", None)] {
            assert_eq!(
                parse_yes_or_no(answer, DefaultAnswer::No),
                expected,
                "{answer}"
            );
        }
    }

    #[test]
    fn the_end_of_input_is_not_an_empty_answer() {
        assert_eq!(read_answer(&mut &b"\n"[..]), Ok(String::new()));
        assert_eq!(read_answer(&mut &b" ann \r\n"[..]), Ok("ann".to_owned()));
        assert_eq!(read_answer(&mut &b""[..]), Err(PromptError::NoAnswer));
        assert_eq!(read_answer(&mut &b"\xff\n"[..]), Err(PromptError::Invalid));
    }

    #[test]
    fn a_password_may_have_spaces_but_not_only_spaces() {
        let typed = |keys: &[u8]| parse_secret(keys).map(|text| text.to_string());
        assert_eq!(typed(b" a \n"), Ok(" a ".to_owned()));
        assert_eq!(typed(b"half"), Ok("half".to_owned()));
        assert_eq!(typed(b" \n"), Err(PromptError::NoAnswer));
        assert_eq!(typed(b""), Err(PromptError::NoAnswer));
        assert_eq!(typed(b"\xff\n"), Err(PromptError::Invalid));
    }

    #[test]
    fn without_a_terminal_the_error_names_the_flag() {
        let notice = PromptError::NoTerminal.notice("run: x --yes");
        assert_eq!(notice.kind(), Kind::Usage);
        assert_eq!(notice.fix(), "run: x --yes".into());
        assert!(
            PromptError::NoAnswer
                .notice("run: x --yes")
                .fix()
                .is_empty()
        );
    }
}
