//! Reads and cleans a corpus of netrc files, as users, programs and editors write them.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test says what it expects, and starts the programs that it tests against"
)]

mod corpus;
mod git;
mod large;

use std::fs;
use std::path::PathBuf;

use corpus::{COMMENTS_AND_MACROS, Clean, DOUBTS, FORMS, Get, NEIGHBOURS, Row};
use git_credential_heroku_rs::account::Account;
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::hosts::{HerokuHost, Service};
use git_credential_heroku_rs::netrc::{self, Cause, Netrc, Unreadable};
use git_credential_heroku_rs::token::Token;
use proptest::prelude::*;

const GOOD: &str = "HRKU-01234567-89ab-cdef-0123-456789abcdef";
const OLD: &str = "HRKU-fedcba98-7654-3210-fedc-ba9876543210";

/// A home with one netrc file in it.
struct Home(tempfile::TempDir);

impl Home {
    fn with(text: &[u8]) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        home.has(text);
        home
    }

    fn has(&self, text: &[u8]) {
        fs::write(self.path(), text).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.0.path().join(".netrc")
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    fn environment(&self) -> Environment {
        Environment {
            home: Some(self.0.path().to_owned()),
            ..Environment::default()
        }
    }

    fn token(&self) -> Result<Option<Token>, Unreadable> {
        let netrc = Netrc::read(&self.environment())?;
        let git = HerokuHost::production(Service::Git);
        let entry = netrc.map_or(Ok(None), |netrc| netrc.entry_for(&git, None))?;
        Ok(entry.map(|entry| entry.token))
    }

    fn keeps(&self, token: &str) -> Result<(), Unreadable> {
        let token = Token::parse(token).unwrap();
        let ann = Account::parse("ann@example.com").unwrap();
        netrc::save(&self.environment(), &ann, &token)
    }

    fn is_cleaned(&self) -> Result<bool, Unreadable> {
        netrc::remove(&self.environment(), None)
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [FORMS, NEIGHBOURS, COMMENTS_AND_MACROS, DOUBTS]
        .into_iter()
        .flatten()
}

/// A row's bytes, with tokens for their names.
fn spelled(text: &[u8]) -> Vec<u8> {
    let once = |text: &[u8], name: &str, token: &str| {
        let mut spelled = Vec::new();
        let mut from = 0;
        for at in memchr::memmem::find_iter(text, name) {
            spelled.extend_from_slice(&text[from..at]);
            spelled.extend_from_slice(token.as_bytes());
            from = at + name.len();
        }
        spelled.extend_from_slice(&text[from..]);
        spelled
    };
    once(&once(text, "GOOD", GOOD), "OLD", OLD)
}

fn line_of(why: &Unreadable) -> Option<usize> {
    match why.cause {
        Cause::Doubt(doubt) => Some(doubt.line),
        _ => None,
    }
}

fn says_nothing_of_the_file(why: &Unreadable) {
    let shown = format!("{why} {why:?} {}", why.notice());
    for secret in [GOOD, OLD, "HRKU", "89ab", "7654", "evil", "short", "extra"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn each_file_gives_the_live_token_or_none() {
    assert!(rows().count() >= 60);
    for (name, text, get, _) in rows() {
        let found = Home::with(&spelled(text)).token();
        let found = match found.as_ref().map(Option::as_ref) {
            Ok(None) => Some(Get::Nothing),
            Ok(Some(token)) => (token.expose() == GOOD).then_some(Get::Good),
            Err(why) => line_of(why).map(Get::Doubt),
        };
        assert_eq!(found, Some(*get), "{name}");
    }
}

#[test]
fn a_clean_removes_our_entries_and_no_other_byte() {
    for (name, text, _, clean) in rows() {
        let before = spelled(text);
        let home = Home::with(&before);
        let cleaned = home.is_cleaned();
        let after = match clean {
            Clean::All | Clean::Refused(_) => before,
            Clean::Only(rest) => spelled(rest),
        };
        assert_eq!(
            home.bytes().escape_ascii().to_string(),
            after.escape_ascii().to_string(),
            "{name}"
        );
        match clean {
            Clean::Refused(line) => {
                assert_eq!(line_of(&cleaned.unwrap_err()), Some(*line), "{name}");
            }
            Clean::All => assert_eq!(cleaned, Ok(false), "{name}"),
            Clean::Only(_) => {
                assert_eq!(cleaned, Ok(true), "{name}");
                assert_eq!(
                    home.is_cleaned(),
                    Ok(false),
                    "{name}: a second run changes nothing"
                );
                assert_eq!(home.token(), Ok(None), "{name}");
            }
        }
    }
}

#[test]
fn no_error_contains_a_word_of_the_file() {
    let mut seen = 0;
    for (_, text, ..) in rows() {
        let home = Home::with(&spelled(text));
        let errors = [home.token().err(), home.is_cleaned().err()];
        for why in errors.iter().flatten() {
            says_nothing_of_the_file(why);
            seen += 1;
        }
    }
    assert!(seen > 40, "enough errors were checked");
}

/// The files of several rows in one, with bytes inserted, removed and changed.
fn mutants() -> impl Strategy<Value = Vec<u8>> {
    let rows: Vec<&Row> = rows().collect();
    let file = prop::collection::vec(prop::sample::select(rows), 1..4);
    let change = (
        any::<prop::sample::Index>(),
        0..3_u8,
        prop::sample::select(&b" \n\r\t\"\\#\0m\xff"[..]),
    );
    (file, prop::collection::vec(change, 0..6)).prop_map(|(file, changes)| {
        let mut text: Vec<u8> = file.iter().flat_map(|row| spelled(row.1)).collect();
        for (at, kind, byte) in changes {
            let at = at.index(text.len() + 1);
            match kind {
                0 => text.insert(at, byte),
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.get_mut(at).map_or((), |old| *old = byte),
            }
        }
        text
    })
}

/// Parts of a file on lines of their own, and whether they are ours.
fn parts() -> impl Strategy<Value = Vec<(&'static str, bool)>> {
    let part = prop::sample::select(vec![
        ("machine git.heroku.com login a password GOOD\n", true),
        (
            "\tmachine api.heroku.com\r\n  login a # mine\r\n  password GOOD\r\n",
            true,
        ),
        (
            "MACHINE git.heroku.com\n# note\n\npassword \"GOOD\" # OLD\n",
            true,
        ),
        ("# machine git.heroku.com password OLD\n", false),
        ("\r\n", false),
        ("\n \t\n", false),
        ("machine x login \"a b\" password z#1 # note\n", false),
        (
            "machine x\r\n\tlogin \u{fc}\r\n\tpassword git.heroku.com\r\n",
            false,
        ),
        (
            "machine y login stray words here\nmacdef init\nmachine git.heroku.com\n\n",
            false,
        ),
        ("default login d password e\n", false),
    ]);
    prop::collection::vec(part, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn other_entries_stay_byte_for_byte(parts in parts()) {
        let text = |ours: bool| -> Vec<u8> {
            let kept = parts.iter().filter(|part| ours || !part.1);
            kept.flat_map(|part| spelled(part.0.as_bytes())).collect()
        };
        let home = Home::with(&text(true));
        prop_assert_eq!(home.is_cleaned(), Ok(parts.iter().any(|part| part.1)));
        prop_assert_eq!(home.bytes(), text(false));
        home.has(&text(true));
        if home.keeps(GOOD).is_ok() {
            prop_assert_eq!(home.is_cleaned(), Ok(true));
            prop_assert_eq!(home.bytes(), text(false));
        }
    }
}

#[test]
fn logins_at_the_same_time_leave_one_complete_login() {
    let home = Home::with(b"machine x login y\n");
    std::thread::scope(|scope| {
        for token in [GOOD, OLD, GOOD, OLD] {
            let home = &home;
            scope.spawn(move || home.keeps(token).unwrap());
        }
    });
    let text = String::from_utf8(home.bytes()).unwrap();
    assert!(text.starts_with("machine x login y\nmachine api.heroku.com\n"));
    assert_eq!(text.matches("machine ").count(), 3, "{text}");
    assert_eq!(
        text.matches(home.token().unwrap().unwrap().expose())
            .count(),
        2
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn nothing_of_a_damaged_file_is_lost_or_printed(text in mutants()) {
        let home = Home::with(&text);
        if let Err(why) = home.token() {
            says_nothing_of_the_file(&why);
        }
        match home.is_cleaned() {
            Err(why) => {
                says_nothing_of_the_file(&why);
                prop_assert_eq!(home.bytes(), text);
            }
            Ok(_) => {
                let rest = home.bytes();
                let mut all = text.iter();
                prop_assert!(rest.iter().all(|byte| all.any(|other| other == byte)));
                prop_assert_eq!(home.token(), Ok(None));
                prop_assert_eq!(home.is_cleaned(), Ok(false));
                if home.keeps(GOOD).is_ok() {
                    let token = home.token().unwrap().unwrap();
                    prop_assert_eq!(token.expose(), GOOD);
                    prop_assert_eq!(home.is_cleaned(), Ok(true));
                    prop_assert_eq!(home.bytes(), rest);
                }
            }
        }
    }
}
