//! Rotations that have begun and not ended: which authorization was to take the place of which.
//!
//! `rotate` notes here what it is about to do before it asks Heroku for anything, so that the next
//! run can end what a kill has cut short. No token is in it. Unlike our other notes it has to be
//! written: without it an authorization could be left at Heroku that nobody knows of.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::environment::Environment;
use crate::files::{self, Held, NotTrusted};
use crate::token::Token;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// What stands between a description and its mark.
const MARKED: &str = " (rotation ";

/// One rotation, as far as it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The account, as where the token lies.
    pub account: String,
    /// Random: the new authorization's description ends in it until all is done.
    pub mark: String,
    /// When it began, by this machine's clock.
    pub begun: Timestamp,
    /// The description that the new authorization is to have in the end.
    pub description: String,
    /// What is to be ended once the new token is in its place, where that is known and may be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old: Option<Ending>,
    /// The new authorization, once Heroku has made it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub new: Option<Made>,
}

/// What dies with the old token, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// An authorization that Heroku lists.
    Authorization(String),
    /// The session of a login by the browser.
    Session(String),
}

/// An authorization that Heroku has made, and the fingerprint of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its id.
    pub authorization: String,
    /// [`Token::fingerprint`] of its token.
    pub fingerprint: String,
}

impl Rotation {
    /// A rotation that is about to begin; `old` is what is to be ended with it.
    ///
    /// # Errors
    /// That the system has no randomness to give: a mark that is not unique marks nothing.
    pub fn begin(
        account: &Account,
        description: &str,
        old: Option<Ending>,
    ) -> io::Result<Rotation> {
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Rotation {
            account: account.to_string(),
            mark: format!("{:08x}", u32::from_be_bytes(random)),
            begun: Timestamp::now(),
            description: unmarked(description).to_owned(),
            old,
            new: None,
        })
    }

    /// The description that tells the new authorization from all others, for sure.
    pub fn marked_description(&self) -> String {
        format!("{}{MARKED}{})", self.description, self.mark)
    }

    /// Whether a request of the rotation may still be on its way, though nobody waits for it.
    pub fn is_recent(&self) -> bool {
        const LONGEST: SignedDuration = SignedDuration::from_mins(10);
        Timestamp::now().duration_since(self.begun) < LONGEST
    }

    /// Whether this is the token that the rotation made.
    pub fn made(&self, token: &Token) -> bool {
        let made = self.new.as_ref();
        made.is_some_and(|made| made.fingerprint == token.fingerprint())
    }
}

/// A description without the mark of a rotation that could not take it away.
pub fn unmarked(description: &str) -> &str {
    let is_mark = |mark: &str| mark.len() == 8 && mark.bytes().all(|b| b.is_ascii_hexdigit());
    match description.rsplit_once(MARKED) {
        Some((before, mark)) if mark.strip_suffix(')').is_some_and(is_mark) => before,
        _ => description,
    }
}

#[derive(Default, Serialize, Deserialize)]
struct File {
    #[serde(default)]
    rotations: Vec<Rotation>,
}

/// Keeps every other rotation waiting for as long as it lives; it ends with the process.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] where another one took longer than `limit`.
pub fn lock(environment: &Environment, limit: Duration) -> io::Result<Held> {
    let path = path(environment).ok_or(io::ErrorKind::NotFound)?;
    files::hold(&path.with_extension("lock"), limit)
}

/// The account's rotations that have not ended.
pub fn of(environment: &Environment, account: &Account) -> Vec<Rotation> {
    let mut all = read(environment).rotations;
    all.retain(|rotation| rotation.account == account.as_str());
    all
}

/// Notes how far a rotation got.
///
/// # Errors
/// What the file system says: nothing may be asked of Heroku that could not be noted.
pub fn note(environment: &Environment, rotation: &Rotation) -> io::Result<()> {
    change(environment, |all| {
        all.retain(|other| other.mark != rotation.mark);
        all.push(rotation.clone());
    })
}

/// Forgets a rotation that has ended.
///
/// # Errors
/// What the file system says; the next rotation then finds that there is nothing left to do.
pub fn forget(environment: &Environment, rotation: &Rotation) -> io::Result<()> {
    change(environment, |all| {
        all.retain(|other| other.mark != rotation.mark);
    })
}

/// Sets a journal aside that cannot be read or that another user may have written: what it says is
/// not lost, and nothing is concluded from it. Gives its new place, if there was one.
///
/// # Errors
/// What the file system says; nothing may be rotated then.
pub fn set_aside_if_unusable(environment: &Environment) -> io::Result<Option<PathBuf>> {
    let Some(path) = path(environment) else {
        return Ok(None);
    };
    let is_usable = match files::read_trusted(&path, LARGEST) {
        Ok(bytes) => serde_json::from_slice::<File>(&bytes).is_ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) if NotTrusted::of(&error).is_some() => false,
        Err(error) => return Err(error),
    };
    if is_usable {
        return Ok(None);
    }
    let seconds = Timestamp::now().as_second();
    let aside = path.with_extension(format!("json.unusable-{seconds}"));
    fs::rename(&path, &aside)?;
    Ok(Some(aside))
}

fn change(environment: &Environment, edit: impl FnOnce(&mut Vec<Rotation>)) -> io::Result<()> {
    let path = path(environment).ok_or(io::ErrorKind::NotFound)?;
    let mut file = read(environment);
    edit(&mut file.rotations);
    if file.rotations.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let mut text = serde_json::to_vec_pretty(&file)?;
    text.push(b'\n');
    files::replace(&path, &text)
}

fn path(environment: &Environment) -> Option<PathBuf> {
    Some(environment.state_dir()?.join("rotations.json"))
}

fn read(environment: &Environment) -> File {
    let bytes = path(environment).and_then(|path| files::read_trusted(&path, LARGEST).ok());
    let file = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    file.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_set_aside_and_not_overwritten() {
        let (_dir, environment) = home();
        assert_eq!(set_aside_if_unusable(&environment).unwrap(), None);
        let rotation = Rotation::begin(&ann(), "a login", None).unwrap();
        note(&environment, &rotation).unwrap();
        assert_eq!(set_aside_if_unusable(&environment).unwrap(), None);
        let path = path(&environment).unwrap();
        files::replace(&path, b"{\"rotations\": [").unwrap();
        let aside = set_aside_if_unusable(&environment).unwrap().unwrap();
        assert_eq!(files::read(&aside, 100).unwrap(), b"{\"rotations\": [");
        assert!(!path.exists());
    }
    use proptest::prelude::*;

    fn home() -> (tempfile::TempDir, Environment) {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment {
            home: Some(dir.path().to_owned()),
            ..Environment::default()
        };
        (dir, environment)
    }

    fn ann() -> Account {
        Account::parse("ann@example.com").unwrap()
    }

    fn token(last: char) -> Token {
        Token::parse(&format!("HRKU-01234567-89ab-cdef-0123-456789abcde{last}")).unwrap()
    }

    #[test]
    fn a_rotation_is_known_from_its_beginning_to_its_end() {
        let (_dir, environment) = home();
        let old = Ending::Authorization("an-id".to_owned());
        let mut rotation = Rotation::begin(&ann(), "a login", Some(old)).unwrap();
        note(&environment, &rotation).unwrap();
        assert_eq!(of(&environment, &ann()), [rotation.clone()]);
        rotation.new = Some(Made {
            authorization: "another-id".to_owned(),
            fingerprint: token('a').fingerprint(),
        });
        note(&environment, &rotation).unwrap();
        let noted = of(&environment, &ann());
        assert_eq!(noted, [rotation.clone()]);
        assert!(noted[0].made(&token('a')) && !noted[0].made(&token('b')));
        forget(&environment, &rotation).unwrap();
        assert_eq!(of(&environment, &ann()), []);
        assert!(!path(&environment).unwrap().exists(), "no empty file stays");
    }

    #[test]
    fn an_account_has_its_own_rotations() {
        let (_dir, environment) = home();
        let rotation = Rotation::begin(&ann(), "a login", None).unwrap();
        note(&environment, &rotation).unwrap();
        let bob = Account::parse("bob@example.com").unwrap();
        assert_eq!(of(&environment, &bob), []);
    }

    #[test]
    fn a_broken_file_reads_as_empty_and_is_replaced() {
        let (_dir, environment) = home();
        for text in ["", "{", "[]", r#"{"rotations":[{}]}"#] {
            files::replace(&path(&environment).unwrap(), text.as_bytes()).unwrap();
            assert_eq!(of(&environment, &ann()), []);
        }
        let rotation = Rotation::begin(&ann(), "a login", None).unwrap();
        note(&environment, &rotation).unwrap();
        assert_eq!(of(&environment, &ann()), [rotation]);
    }

    #[test]
    fn two_rotations_wait_for_each_other() {
        let (_dir, environment) = home();
        let held = lock(&environment, Duration::ZERO).unwrap();
        let refused = lock(&environment, Duration::ZERO).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop(held);
        lock(&environment, Duration::ZERO).unwrap();
    }

    #[test]
    fn only_our_own_mark_is_taken_away() {
        for description in [
            "a login",
            "a (rotation)",
            "a (rotation 12)",
            "a (rotation zzzzzzzz)",
        ] {
            assert_eq!(unmarked(description), description);
        }
    }

    proptest! {
        #[test]
        fn a_mark_is_one_whatever_it_stands_behind(description in ".{0,40}") {
            let first = Rotation::begin(&ann(), &description, None).unwrap();
            let marked = first.marked_description();
            prop_assert_eq!(unmarked(&marked), unmarked(&description));
            let second = Rotation::begin(&ann(), &marked, None).unwrap();
            prop_assert_eq!(&second.description, &first.description);
        }
    }
}
