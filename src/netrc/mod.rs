//! The netrc file, where the Heroku CLI keeps its token when there is no keyring.
//!
//! `scanner` finds the words outside of comments and macros, `netrc-rs` reads the clean text of one entry,
//! and if the two disagree nothing is used. `netrc-rs` alone cannot read the files that other programs
//! write: its strict mode fails on a comment, its lenient mode takes a comment for data, and its errors
//! quote the file.

mod edit;
mod entries;
mod gpg;
mod machines;
mod overview;
mod reading;
mod scanner;
mod trusted;
mod unreadable;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::account::Account;
use crate::environment::Environment;
use crate::files;
use crate::hosts::HerokuHost;
use crate::token::Token;
use machines::Machines;
pub use overview::Overview;
pub use reading::{Entry, Netrc};
pub use scanner::Doubt;
pub use unreadable::{Unreadable, argument, location};

/// Writes a login into the user's netrc, in place of every other one of Heroku's: for both hosts, in
/// exactly the form that the Heroku CLI writes.
///
/// # Errors
/// [`Unreadable`]; the file is then as it was.
pub fn save(environment: &Environment, account: &Account, token: &Token) -> Result<(), Unreadable> {
    can_save(environment)?;
    let machines = Machines::in_use(environment);
    change(environment, |bytes| {
        put_in(bytes, account, token, &machines).map(Some)
    })
    .map(drop)
}

/// Checks that a login could be written, before there is one.
///
/// # Errors
/// [`Unreadable::InPlaceOfPlain`]: if there is an encrypted file, neither the Heroku CLI nor we read the plain one.
pub fn can_save(environment: &Environment) -> Result<(), Unreadable> {
    match encrypted_path(environment) {
        Some(_) => Err(Unreadable::InPlaceOfPlain),
        None => Ok(()),
    }
}

/// The text of a netrc file with this login in place of every other one of Heroku's.
///
/// # Errors
/// As [`without_logins`], and if there is no place for the login that every reader finds.
pub fn with_login(
    text: &[u8],
    account: &Account,
    token: &Token,
) -> Result<Zeroizing<Vec<u8>>, Doubt> {
    put_in(text, account, token, &Machines::production())
}

fn put_in(
    text: &[u8],
    account: &Account,
    token: &Token,
    machines: &Machines,
) -> Result<scanner::Value, Doubt> {
    let ours = all_entries(account, token, machines);
    edit::with_ours(text, ours.as_bytes(), machines)
}

/// The text of a netrc file without Heroku's entries; every other byte stays.
///
/// # Errors
/// A [`Doubt`] in an entry of ours or about the whole file.
pub fn without_logins(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Doubt> {
    edit::without_ours(text, &Machines::production())
}

/// Replaces a token with another one, if all of Heroku's entries in the user's netrc have the old one;
/// returns whether they did.
///
/// # Errors
/// As [`save`]. [`Unreadable::ReadOnly`] if the encrypted file has it.
pub fn replace(
    environment: &Environment,
    account: &Account,
    old: &Token,
    new: &Token,
) -> Result<bool, Unreadable> {
    if encrypted_path(environment).is_some() {
        return if is_encrypted_too(environment, old)? {
            Err(Unreadable::ReadOnly)
        } else {
            Ok(false)
        };
    }
    let machines = Machines::in_use(environment);
    change(environment, |bytes| {
        if all_hold(bytes, old, &machines)? {
            put_in(bytes, account, new, &machines).map(Some)
        } else {
            Ok(None)
        }
    })
}

/// Whether this token could be replaced: all of Heroku's entries have it.
///
/// # Errors
/// As [`replace`].
pub fn is_replaceable(environment: &Environment, token: &Token) -> Result<bool, Unreadable> {
    if encrypted_path(environment).is_some() {
        return Err(Unreadable::ReadOnly);
    }
    let netrc = Netrc::in_plain_text(environment)?;
    netrc.map_or(Ok(false), |netrc| netrc.all_hold(token))
}

fn all_hold(bytes: &[u8], token: &Token, machines: &Machines) -> Result<bool, Doubt> {
    let entries = entries::layout(bytes, machines)?.entries;
    let holds = |entry: &entries::Entry| {
        let held = entry.password.as_ref();
        held.is_some_and(|held| held.as_slice() == token.expose().as_bytes())
    };
    Ok(!entries.is_empty() && entries.iter().all(holds))
}

fn all_entries(account: &Account, token: &Token, machines: &Machines) -> Zeroizing<String> {
    let mut ours = Zeroizing::new(String::with_capacity(4 * Token::LONGEST));
    for name in machines.names() {
        let parts = [
            "machine ",
            name,
            "\n  login ",
            account.as_str(),
            "\n  password ",
            token.expose(),
            "\n",
        ];
        for part in parts {
            ours.push_str(part);
        }
    }
    ours
}

/// Removes Heroku's entries from the user's netrc; with `only`, just those that have this token. Every
/// other byte stays. Returns whether there was anything to remove.
///
/// # Errors
/// [`Unreadable`]; the file is then as it was. [`Unreadable::ReadOnly`] if the encrypted file has the token
/// too, which stays there.
pub fn remove(environment: &Environment, only: Option<&Token>) -> Result<bool, Unreadable> {
    let machines = Machines::in_use(environment);
    let changed = change(environment, |bytes| {
        let goes = |entry: &entries::Entry| only.is_none_or(|token| may_hold(entry, bytes, token));
        if entries::layout(bytes, &machines)?.entries.iter().any(goes) {
            edit::without(bytes, &machines, goes).map(Some)
        } else {
            Ok(None)
        }
    })?;
    match only {
        Some(token) if is_encrypted_too(environment, token)? => Err(Unreadable::ReadOnly),
        Some(_) | None => Ok(changed),
    }
}

/// Whether an entry has this token, or may have it: if readers disagree on the entry, the token may be
/// anywhere in it.
fn may_hold(entry: &entries::Entry, bytes: &[u8], token: &Token) -> bool {
    let token = token.expose().as_bytes();
    let is_in_it = || {
        let mut windows = bytes[entry.span.clone()].windows(token.len());
        windows.any(|window| window == token)
    };
    let password = entry.password.as_ref();
    password.is_some_and(|held| held.as_slice() == token) || (entry.doubt.is_some() && is_in_it())
}

/// A netrc from elsewhere, without Heroku's entries.
///
/// # Errors
/// [`Unreadable`]: what is in doubt there, or that it is too large.
pub fn cleaned(
    input: impl Read,
    environment: &Environment,
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let bytes = reading::read_all(input)?;
    Ok(edit::without_ours(&bytes, &Machines::in_use(environment))?)
}

/// Whether the encrypted file has this token too, or may have it. A gpg that fails is an error, since the
/// token may be there.
fn is_encrypted_too(environment: &Environment, token: &Token) -> Result<bool, Unreadable> {
    let Some(path) = encrypted_path(environment) else {
        return Ok(false);
    };
    let text = gpg::decrypted(&path, environment)?;
    let entries = entries::layout(&text, &Machines::in_use(environment))?.entries;
    Ok(entries.iter().any(|entry| may_hold(entry, &text, token)))
}

/// The lines of the plain file on which Heroku's entries begin.
///
/// # Errors
/// [`Unreadable`].
pub fn lines(environment: &Environment) -> Result<Vec<usize>, Unreadable> {
    let Some(netrc) = Netrc::in_plain_text(environment)? else {
        return Ok(Vec::new());
    };
    netrc.lines()
}

/// An entry on one line that every reader of netrc reads in the same way; none if they would not.
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
    // A file that may not be read must not be written either.
    Netrc::in_plain_text(environment)?;
    Ok(files::edit(&path, |bytes| {
        edit(bytes).map_err(Unreadable::from)
    })?)
}

/// The file that [`Netrc::in_plain_text`] reads, whether it exists or not.
pub fn path(environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = &environment.netrc {
        return Some(path.clone());
    }
    Some(in_home(environment.home.as_ref()?, cfg!(windows)))
}

/// The netrc file of a home. On Windows the Heroku CLI knows only `_netrc`. So that one is used if it or its
/// encrypted form exists, and created if there is none; `.netrc`, which git reads too, is used if it is the
/// only one.
fn in_home(home: &Path, is_windows: bool) -> PathBuf {
    let usual = home.join(".netrc");
    let of_the_cli = ["_netrc", "_netrc.gpg"].map(|name| home.join(name));
    let is_usual = !of_the_cli.iter().any(|path| path.exists()) && usual.exists();
    if !is_windows || is_usual {
        return usual;
    }
    home.join("_netrc")
}

/// The encrypted file that the Heroku CLI reads in place of the plain one. `NETRC` always names a plain file.
fn encrypted_path(environment: &Environment) -> Option<PathBuf> {
    let mut name = path(environment)
        .filter(|_| environment.netrc.is_none())?
        .into_os_string();
    name.push(".gpg");
    Some(PathBuf::from(name)).filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_windows_the_file_is_the_one_of_the_heroku_cli() {
        for (there, file) in [
            (&[][..], "_netrc"),
            (&["_netrc"], "_netrc"),
            (&[".netrc"], ".netrc"),
            (&[".netrc", "_netrc"], "_netrc"),
            (&[".netrc", "_netrc.gpg"], "_netrc"),
            (&[".netrc", ".netrc.gpg"], ".netrc"),
        ] {
            let home = tempfile::tempdir().unwrap();
            for name in there {
                std::fs::create_dir(home.path().join(name)).unwrap();
            }
            assert_eq!(
                in_home(home.path(), true),
                home.path().join(file),
                "{there:?}"
            );
            assert_eq!(in_home(home.path(), false), home.path().join(".netrc"));
        }
    }
}
