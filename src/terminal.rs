//! Talking to a person. The rules:
//!
//! 1. Questions go to the terminal itself and answers come from it: stdin stays free for data.
//! 2. Nobody is asked where there is no terminal: the command names the flag to use instead.
//! 3. A secret is not shown while it is typed, and is wiped once it was used.
//! 4. Ctrl-C and Ctrl-D leave the terminal as it was.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::process::{Command, Stdio};

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
    let mut out = &terminal;
    let asked = out
        .write_all(question.as_bytes())
        .and_then(|()| out.flush());
    asked.map_err(|_| absent())?;
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
    if !is_there() {
        return Err(absent());
    }
    let answer = rpassword::prompt_password(question).map_err(|_| unanswered())?;
    let answer = Zeroizing::new(answer);
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
