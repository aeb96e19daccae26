//! Unfinished rotations: which authorization replaces which.
//!
//! `rotate` records here what it is about to do before it sends a request to Heroku, so that the next run can finish
//! a rotation that was interrupted. The file contains no token. Unlike our other state files it has to be written:
//! without it an unknown authorization could be left at Heroku.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::environment::Environment;
use crate::files;
use crate::notice::Notice;
use crate::state_file::StateFile;
use crate::token::Token;

/// The text between a description and its mark.
const MARK_PREFIX: &str = " (rotation ";

/// One rotation, with its last recorded step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The account, as in the source of the token.
    pub account: String,
    /// That source, in one word. Until it has been read, it may have the new token.
    pub source: String,
    /// Random: the description of the new authorization ends in it until the rotation is finished.
    pub mark: String,
    /// When it started, by this machine's clock.
    pub started: Timestamp,
    /// The final description of the new authorization.
    pub description: String,
    /// [`Token::fingerprint`] of the old token.
    pub old_fingerprint: String,
    /// What is revoked once the new token is stored; none if it is unknown or must stay valid.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old: Option<Revocable>,
    /// The new authorization, once Heroku has created it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub new: Option<NewToken>,
}

/// What is revoked with the old token, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Revocable {
    /// An authorization that Heroku lists.
    Authorization(String),
    /// The session of a browser login.
    Session(String),
}

/// A new authorization, and the fingerprint of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// Its id.
    pub authorization: String,
    /// [`Token::fingerprint`] of its token.
    pub fingerprint: String,
}

impl Rotation {
    /// A rotation of `token` that is about to start; `old` is what it will revoke.
    ///
    /// # Errors
    /// The system has no random numbers: the mark has to be unique.
    pub fn start(
        account: &Account,
        source: &str,
        token: &Token,
        description: &str,
        old: Option<Revocable>,
    ) -> Result<Rotation, Notice> {
        let mut random = [0; 4];
        getrandom::fill(&mut random)
            .map_err(|why| Notice::new(format!("cannot get random numbers: {why}"), ""))?;
        Ok(Rotation {
            account: account.to_string(),
            source: source.to_owned(),
            mark: format!("{:08x}", u32::from_be_bytes(random)),
            started: Timestamp::now(),
            description: unmarked(description).to_owned(),
            old_fingerprint: token.fingerprint(),
            old,
            new: None,
        })
    }

    /// The description that identifies the new authorization.
    pub fn marked_description(&self) -> String {
        format!("{}{MARK_PREFIX}{})", self.description, self.mark)
    }

    /// Whether an abandoned request of the rotation may still be carried out.
    pub fn is_recent(&self) -> bool {
        const LONGEST: SignedDuration = SignedDuration::from_mins(10);
        Timestamp::now().duration_since(self.started) < LONGEST
    }

    /// Whether the rotation has created this token.
    pub fn has_created(&self, token: &Token) -> bool {
        let new = self.new.as_ref();
        new.is_some_and(|new| new.fingerprint == token.fingerprint())
    }

    /// Whether the rotation replaces this token.
    pub fn replaces(&self, token: &Token) -> bool {
        self.old_fingerprint == token.fingerprint()
    }
}

/// A description without the mark of a rotation.
pub fn unmarked(description: &str) -> &str {
    let is_mark = |mark: &str| mark.len() == 8 && mark.bytes().all(|b| b.is_ascii_hexdigit());
    match description.rsplit_once(MARK_PREFIX) {
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

fn lock_file(environment: &Environment) -> Option<PathBuf> {
    Some(FILE.path(environment)?.with_extension("lock"))
}

/// Makes every other rotation wait until the returned value is dropped or the process ends.
///
/// # Errors
/// Another rotation takes longer than `limit`, or the lock's file cannot be opened.
pub fn lock(environment: &Environment, limit: Duration) -> Result<File, Notice> {
    let file = lock_file(environment).ok_or_else(|| files::NoHome.into());
    let held = file.and_then(|file| files::hold(&file, limit));
    held.map_err(|why| match why.kind() {
        io::ErrorKind::TimedOut => Notice::new(
            "another `rotate` is still running",
            "wait until it is done, then run the command again",
        ),
        _ => not_written(environment, &why),
    })
}

/// The same for a command that creates no file: without the lock's file there is no rotation to wait for.
///
/// # Errors
/// As [`lock`].
pub fn lock_if_used(environment: &Environment, limit: Duration) -> Result<Option<File>, Notice> {
    let is_used = lock_file(environment).is_some_and(|file| file.exists());
    is_used.then(|| lock(environment, limit)).transpose()
}

/// The unfinished rotations of every account and source.
pub fn unfinished(environment: &Environment) -> Vec<Rotation> {
    FILE.load(environment).unwrap_or_default().rotations
}

/// Records the state of a rotation.
///
/// # Errors
/// The file system's error: then no request may be sent to Heroku.
pub fn record(environment: &Environment, rotation: &Rotation) -> Result<(), Notice> {
    let recorded = FILE.edit(environment, |Contents { rotations: all }| {
        all.retain(|other| other.mark != rotation.mark);
        all.push(rotation.clone());
    });
    recorded.map_err(|why| not_written(environment, &why))
}

fn not_written(environment: &Environment, why: &io::Error) -> Notice {
    let path = FILE.path(environment);
    let path = path.unwrap_or_else(|| "rotations.json".into());
    files::not_changed(&path, why, environment)
}

/// Removes a finished rotation. If that fails, the next rotation finds nothing to do.
pub fn remove(environment: &Environment, rotation: &Rotation) {
    let removed = FILE.edit(environment, |Contents { rotations: all }| {
        all.retain(|other| other.mark != rotation.mark);
    });
    // The caller holds the lock, so no rotation has been added since.
    let left = FILE.load(environment).filter(|_| removed.is_ok());
    if left.is_some_and(|left| left.rotations.is_empty()) {
        let _ = FILE.remove(environment);
    }
}

/// Removes the file of a lock that is held, and unlocks it.
pub fn remove_lock(environment: &Environment, lock: File) {
    let Some(path) = lock_file(environment) else {
        return;
    };
    if fs::remove_file(&path).is_err() {
        // Windows does not remove an open file. If another process has it open too, the file stays.
        drop(lock);
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_unusable_file_is_renamed_and_not_overwritten() {
        let (_dir, environment) = Environment::with_new_home();
        assert_eq!(FILE.set_aside_if_unusable(&environment).unwrap(), None);
        let rotation = Rotation::start(&ann(), "keyring", &token('0'), "a login", None).unwrap();
        record(&environment, &rotation).unwrap();
        assert_eq!(FILE.set_aside_if_unusable(&environment).unwrap(), None);
        let path = FILE.path(&environment).unwrap();
        files::replace(&path, b"{\"rotations\": [").unwrap();
        let aside = FILE.set_aside_if_unusable(&environment).unwrap().unwrap();
        assert_eq!(*files::read(&aside, 100).unwrap(), *b"{\"rotations\": [");
        assert!(!path.exists());
    }

    fn ann() -> Account {
        Account::parse("ann@example.com").unwrap()
    }

    fn token(last: char) -> Token {
        Token::parse(&format!("HRKU-01234567-89ab-cdef-0123-456789abcde{last}")).unwrap()
    }

    const RUNNING: &str = "another `rotate` is still running";

    /// A child that another test starts while a lock is held shares the lock until it runs its program.
    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn a_lock_that_cannot_be_opened_is_reported() {
        let (_dir, environment) = Environment::with_new_home();
        fs::create_dir_all(lock_file(&environment).unwrap()).unwrap();
        let refused = lock_if_used(&environment, Duration::ZERO).unwrap_err();
        let what = refused.what();
        assert!(what.contains("rotations.json was not changed: "), "{what}");
    }

    #[test]
    fn a_lock_that_is_removed_leaves_no_file() {
        let (_dir, environment) = Environment::with_new_home();
        let held = lock(&environment, Duration::ZERO).unwrap();
        remove_lock(&environment, held);
        assert!(!lock_file(&environment).unwrap().exists());
        assert!(
            lock_if_used(&environment, Duration::ZERO)
                .unwrap()
                .is_none()
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_that_cannot_be_written_is_named() {
        let (home, mut environment) = Environment::with_new_home();
        let fix = |environment: &Environment| {
            let refused = lock(environment, Duration::ZERO).map(drop).unwrap_err();
            refused.fix().to_string()
        };
        let state = home.path().join("state");
        environment.xdg_state_home = Some(state.clone());
        files::replace(&state, b"not a directory").unwrap();
        assert_eq!(fix(&environment), "check: ls -ld ~/state");
        fs::remove_file(&state).unwrap();
        fs::create_dir_all(lock_file(&environment).unwrap()).unwrap();
        let dir = "~/state/git-credential-heroku-rs";
        assert_eq!(fix(&environment), format!("check: ls -ld {dir}"));
        let without_home = Environment::default();
        assert_eq!(fix(&without_home), "set HOME to your home directory");
    }

    #[test]
    fn a_rotation_is_recorded_until_it_is_removed() {
        let (_dir, environment) = Environment::with_new_home();
        let old = Revocable::Authorization("an-id".to_owned());
        let mut rotation =
            Rotation::start(&ann(), "keyring", &token('0'), "a login", Some(old)).unwrap();
        record(&environment, &rotation).unwrap();
        assert_eq!(unfinished(&environment), [rotation.clone()]);
        rotation.new = Some(NewToken {
            authorization: "another-id".to_owned(),
            fingerprint: token('a').fingerprint(),
        });
        record(&environment, &rotation).unwrap();
        let recorded = unfinished(&environment);
        assert_eq!(recorded, [rotation.clone()]);
        assert!(recorded[0].has_created(&token('a')) && !recorded[0].has_created(&token('b')));
        remove(&environment, &rotation);
        assert_eq!(unfinished(&environment), []);
        assert!(
            !FILE.path(&environment).unwrap().exists(),
            "no empty file stays"
        );
    }

    #[test]
    fn two_rotations_wait_for_each_other() {
        let (_dir, environment) = Environment::with_new_home();
        let held = lock(&environment, Duration::ZERO).unwrap();
        let refused = lock(&environment, Duration::ZERO).unwrap_err();
        assert_eq!(refused.what(), RUNNING);
        drop(held);
        lock(&environment, PATIENCE).unwrap();
    }

    #[test]
    fn only_our_own_suffix_is_removed_from_a_description() {
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
        fn a_mark_can_follow_any_description(description in ".{0,40}") {
            let first = Rotation::start(&ann(), "keyring", &token('0'), &description, None).unwrap();
            let marked = first.marked_description();
            prop_assert_eq!(unmarked(&marked), unmarked(&description));
            let second = Rotation::start(&ann(), "keyring", &token('0'), &marked, None).unwrap();
            prop_assert_eq!(&second.description, &first.description);
        }
    }
}
