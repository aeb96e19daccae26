//! The netrc file, where the Heroku CLI keeps its token when there is no keyring.
//!
//! `scanner` finds the live words, `netrc-rs` reads the clean text of one entry, and where the two
//! disagree nothing is taken. Bare, `netrc-rs` is unfit for files of others: its strict mode fails
//! on a comment, its lenient one revives it, and its errors quote the file.

mod edit;
mod entries;
mod reading;
mod scanner;

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::atomic_file::{self, EditError};
use crate::credential::{Account, Token};
use crate::environment::Environment;
use crate::hosts::{HerokuHost, Service};
use crate::problem::Problem;
pub use reading::{Entry, Netrc};
use scanner::Doubt;

/// Why netrc gives no answer. Says where; never a word of the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Readers of netrc would not agree on it.
    #[error("netrc: line {line}: {phrase}")]
    Doubt {
        /// The line, counted from 1.
        line: usize,
        /// What is in doubt there.
        phrase: &'static str,
    },
    /// Somebody else may have written it.
    #[error("netrc is not used: {0}")]
    NotOurs(&'static str),
    /// It is not a file that a reader and a writer can deal with.
    #[error("netrc is not used: {0}")]
    Unfit(&'static str),
    /// The file system says no.
    #[error("netrc could not be read: {0}")]
    Failed(io::ErrorKind),
}

impl Unreadable {
    /// What happened, and what mends it.
    pub fn problem(&self) -> Problem {
        let mend = match self {
            Unreadable::Doubt { .. } => "mend that line, or remove Heroku's entries",
            Unreadable::NotOurs(_) => "make it yours alone: chmod 600 ~/.netrc",
            Unreadable::Unfit(_) | Unreadable::Failed(_) => "look at: ls -l ~/.netrc",
        };
        Problem::new(self.to_string(), mend)
    }
}

impl From<Doubt> for Unreadable {
    fn from(Doubt { line, phrase }: Doubt) -> Unreadable {
        Unreadable::Doubt { line, phrase }
    }
}

impl From<EditError<Unreadable>> for Unreadable {
    fn from(error: EditError<Unreadable>) -> Unreadable {
        match error {
            EditError::Refused(why) => why,
            EditError::SecondName => Unreadable::Unfit("it has a second name (a hard link)"),
            EditError::NotAFile => Unreadable::Unfit("it is not a plain file"),
            EditError::Busy => Unreadable::Unfit("another program keeps writing to it"),
            EditError::Failed(error) => Unreadable::Failed(error.kind()),
        }
    }
}

/// Puts a login into the user's netrc, in place of every other one of Heroku's: for both hosts, in
/// the very form of the Heroku CLI.
///
/// # Errors
/// [`Unreadable`]; the file is then as it was.
pub fn keep(environment: &Environment, account: &Account, token: &Token) -> Result<(), Unreadable> {
    let mut ours = Zeroizing::new(String::with_capacity(4 * Token::LONGEST));
    for service in [Service::Api, Service::Git] {
        let host = HerokuHost::production(service);
        let lines = [
            "machine ",
            host.name(),
            "\n  login ",
            account.as_str(),
            "\n  password ",
        ];
        for part in lines {
            ours.push_str(part);
        }
        ours.push_str(token.expose());
        ours.push('\n');
    }
    change(environment, |bytes| {
        edit::with_ours(bytes, ours.as_bytes()).map(Some)
    })
    .map(drop)
}

/// Takes Heroku's entries out of the user's netrc; with `only`, where they hold this very token.
/// Every other byte stays. Says whether there was anything to take out.
///
/// # Errors
/// [`Unreadable`]; the file is then as it was.
pub fn forget(environment: &Environment, only: Option<&Token>) -> Result<bool, Unreadable> {
    change(environment, |bytes| {
        let entries = entries::layout(bytes)?.entries;
        let is_it = |token: &Token| {
            let held = entries.iter().filter_map(|entry| entry.password.as_ref());
            held.into_iter()
                .all(|held| held.as_slice() == token.expose().as_bytes())
        };
        match entries.is_empty() || !only.is_none_or(is_it) {
            true => Ok(None),
            false => edit::without_ours(bytes).map(Some),
        }
    })
}

/// The lines on which Heroku's entries begin.
///
/// # Errors
/// [`Unreadable`].
pub fn lines(environment: &Environment) -> Result<Vec<usize>, Unreadable> {
    let Some(netrc) = Netrc::read(environment)? else {
        return Ok(Vec::new());
    };
    netrc.lines()
}

/// An entry in one line, which every reader of netrc takes alike; none where they would not.
pub fn line(host: &HerokuHost, account: &Account, token: &Token) -> Option<Zeroizing<String>> {
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"#\"\\".contains(&byte))
    };
    if !plain(account.as_str()) || !plain(token.expose()) {
        return None;
    }
    let mut machine = netrc_rs::Machine {
        name: Some(host.name().to_owned()),
        login: Some(account.to_string()),
        password: Some(token.expose().to_owned()),
        account: None,
    };
    let line = Zeroizing::new(format!("{machine}\n"));
    drop(machine.password.take().map(Zeroizing::new));
    Some(line)
}

fn change(
    environment: &Environment,
    edit: impl Fn(&[u8]) -> Result<Option<scanner::Value>, Doubt>,
) -> Result<bool, Unreadable> {
    let path = path(environment).ok_or(Unreadable::Failed(io::ErrorKind::NotFound))?;
    // What may not be read is not to be written either.
    Netrc::read(environment)?;
    Ok(atomic_file::edit(&path, |bytes| {
        edit(bytes).map_err(Unreadable::from)
    })?)
}

fn path(environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = &environment.netrc {
        return Some(path.clone());
    }
    let home = environment.home.as_ref()?;
    let usual = home.join(".netrc");
    match cfg!(windows) && !usual.exists() {
        true => Some(home.join("_netrc")),
        false => Some(usual),
    }
}
