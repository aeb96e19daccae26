//! The journal of `rotate`: which authorization will replace which one, for each rotation that is not finished.
//!
//! `rotate` records each step here before it sends a request to Heroku, so that the next run can finish or undo
//! a rotation that was killed. The journal contains no token. If it cannot be written, there is no rotation:
//! an authorization could be left at Heroku that no program knows of.

use std::fs;
use std::io;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::environment::Environment;
use crate::files::{self, Held};
use crate::state_file::StateFile;
use crate::token::Token;

/// The text between a description and its mark.
const MARKED: &str = " (rotation ";

/// One rotation, with its last recorded step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The account, by the name under which its token is stored.
    pub account: String,
    /// A random text, in which the new authorization's description ends until the rotation is finished.
    pub mark: String,
    /// When it began, by this machine's clock.
    pub begun: Timestamp,
    /// The description that the new authorization will have at the end.
    pub description: String,
    /// What `rotate` will revoke once the new token is stored; none if that is not known or not allowed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old: Option<Ending>,
    /// The new authorization, once Heroku has created it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub new: Option<Made>,
}

/// What is revoked together with the old token, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// An authorization that Heroku lists.
    Authorization(String),
    /// The session of a login by the browser.
    Session(String),
}

/// A new authorization, and the fingerprint of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its id.
    pub authorization: String,
    /// [`Token::fingerprint`] of its token.
    pub fingerprint: String,
}

impl Rotation {
    /// A rotation that is about to begin, and will revoke `old`.
    ///
    /// # Errors
    /// The system has no random bytes: a mark must be unique.
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

    /// The description by which the new authorization is recognized.
    pub fn marked_description(&self) -> String {
        format!("{}{MARKED}{})", self.description, self.mark)
    }

    /// Whether Heroku may still receive a request of the rotation, although no process waits for the reply.
    pub fn is_recent(&self) -> bool {
        const LONGEST: SignedDuration = SignedDuration::from_mins(10);
        Timestamp::now().duration_since(self.begun) < LONGEST
    }

    /// Whether this is the token that the rotation created.
    pub fn made(&self, token: &Token) -> bool {
        let made = self.new.as_ref();
        made.is_some_and(|made| made.fingerprint == token.fingerprint())
    }
}

/// A description without the mark that an unfinished rotation left in it.
pub fn unmarked(description: &str) -> &str {
    let is_mark = |mark: &str| mark.len() == 8 && mark.bytes().all(|b| b.is_ascii_hexdigit());
    match description.rsplit_once(MARKED) {
        Some((before, mark)) if mark.strip_suffix(')').is_some_and(is_mark) => before,
        _ => description,
    }
}

/// The contents of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Contents {
    #[serde(default)]
    rotations: Vec<Rotation>,
}

/// The file.
pub const FILE: StateFile<Contents> = StateFile::new("rotations.json");

/// Makes every other rotation wait until the returned value is dropped or the process ends.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] if another rotation takes longer than `limit`.
pub fn lock(environment: &Environment, limit: Duration) -> io::Result<Held> {
    let path = FILE.path(environment).ok_or(io::ErrorKind::NotFound)?;
    files::hold(&path.with_extension("lock"), limit)
}

/// The same for a command that does not create a journal: without one there is no rotation to wait for.
///
/// # Errors
/// As [`lock`].
pub fn lock_if_used(environment: &Environment, limit: Duration) -> io::Result<Option<Held>> {
    let lock = FILE
        .path(environment)
        .map(|path| path.with_extension("lock"));
    match lock.filter(|lock| lock.exists()) {
        Some(lock) => files::hold(&lock, limit).map(Some),
        None => Ok(None),
    }
}

/// The account's rotations that are not finished.
pub fn of(environment: &Environment, account: &Account) -> Vec<Rotation> {
    let mut all = FILE.load(environment).unwrap_or_default().rotations;
    all.retain(|rotation| rotation.account == account.as_str());
    all
}

/// Records the step that a rotation has reached.
///
/// # Errors
/// What the file system reports. No request may be sent to Heroku then.
pub fn note(environment: &Environment, rotation: &Rotation) -> io::Result<()> {
    FILE.edit(environment, |Contents { rotations: all }| {
        all.retain(|other| other.mark != rotation.mark);
        all.push(rotation.clone());
    })
}

/// Removes a rotation that is finished.
///
/// # Errors
/// What the file system reports. The next rotation then finds that there is nothing left to do.
pub fn forget(environment: &Environment, rotation: &Rotation) -> io::Result<()> {
    FILE.edit(environment, |Contents { rotations: all }| {
        all.retain(|other| other.mark != rotation.mark);
    })?;
    // This process has the lock, so no other one has added a rotation since.
    match (FILE.load(environment), FILE.path(environment)) {
        (Some(left), Some(path)) if left.rotations.is_empty() => fs::remove_file(path),
        _ => Ok(()),
    }
}

/// What [`remove_if_finished`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// There was no journal.
    Absent,
    /// The journal had no entries, and was removed.
    Removed,
    /// The journal was kept: another process uses it.
    Running,
    /// The journal was kept: it has entries.
    Unfinished,
    /// The journal was kept: it cannot be read.
    Unreadable,
}

/// Removes the journal and its lock file, unless a rotation is not finished.
///
/// # Errors
/// What the file system reports.
pub fn remove_if_finished(environment: &Environment) -> io::Result<Removal> {
    let held = match lock_if_used(environment, Duration::ZERO) {
        Ok(held) => held,
        Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(Removal::Running),
        Err(error) => return Err(error),
    };
    let Some(path) = FILE.path(environment) else {
        return Ok(Removal::Absent);
    };
    let removal = match FILE.load(environment) {
        Some(contents) if !contents.rotations.is_empty() => return Ok(Removal::Unfinished),
        None if path.exists() => return Ok(Removal::Unreadable),
        Some(_) => {
            fs::remove_file(&path)?;
            Removal::Removed
        }
        None => Removal::Absent,
    };
    if held.is_some() {
        // Windows keeps a file that is open, and an empty file does no harm.
        let _ = fs::remove_file(path.with_extension("lock"));
    }
    Ok(removal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_set_aside_and_not_overwritten() {
        let (_dir, environment) = Environment::with_new_home();
        assert_eq!(FILE.set_aside_if_unusable(&environment).unwrap(), None);
        let rotation = Rotation::begin(&ann(), "a login", None).unwrap();
        note(&environment, &rotation).unwrap();
        assert_eq!(FILE.set_aside_if_unusable(&environment).unwrap(), None);
        let path = FILE.path(&environment).unwrap();
        files::replace(&path, b"{\"rotations\": [").unwrap();
        let aside = FILE.set_aside_if_unusable(&environment).unwrap().unwrap();
        assert_eq!(*files::read(&aside, 100).unwrap(), *b"{\"rotations\": [");
        assert!(!path.exists());
    }
    use proptest::prelude::*;

    fn ann() -> Account {
        Account::parse("ann@example.com").unwrap()
    }

    fn token(last: char) -> Token {
        Token::parse(&format!("HRKU-01234567-89ab-cdef-0123-456789abcde{last}")).unwrap()
    }

    #[test]
    fn a_rotation_is_known_from_its_beginning_to_its_end() {
        let (_dir, environment) = Environment::with_new_home();
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
        assert!(
            !FILE.path(&environment).unwrap().exists(),
            "no empty file stays"
        );
    }

    #[test]
    fn an_account_has_its_own_rotations() {
        let (_dir, environment) = Environment::with_new_home();
        let rotation = Rotation::begin(&ann(), "a login", None).unwrap();
        note(&environment, &rotation).unwrap();
        let bob = Account::parse("bob@example.com").unwrap();
        assert_eq!(of(&environment, &bob), []);
    }

    #[test]
    fn two_rotations_wait_for_each_other() {
        let (_dir, environment) = Environment::with_new_home();
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
