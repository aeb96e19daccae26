//! What is known about a token but is not in the keyring: its authorization, scope and expiry.
//!
//! This is a state file, keyed by the token's fingerprint. It contains no secret, and losing it costs only hints,
//! so a failed write is reported but stops nothing.

use std::io;

use jiff::fmt::serde::timestamp::second::optional as seconds;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::environment::Environment;
use crate::hosts::{HerokuHost, Service};
use crate::scope::Scopes;
use crate::state_file::StateFile;
use crate::token::Token;

/// What is known about one token. Everything but the fingerprint may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenMetadata {
    /// The account, as in the keyring.
    pub account: String,
    /// [`Token::fingerprint`] of the token that this is about.
    pub fingerprint: String,
    /// The Heroku that issued it, by the name of its API's host; none if that was not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heroku: Option<String>,
    /// The authorization's id at Heroku, by which it can be revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
    /// The authorization's description, as Heroku's dashboard shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The OAuth scopes; empty if they are not known.
    #[serde(skip_serializing_if = "Scopes::is_empty")]
    pub scope: Scopes,
    /// When Heroku created it.
    #[serde(with = "seconds", skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When it expires; none if it does not expire or if that is not known.
    #[serde(with = "seconds", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When `get` last warned that the token expires soon.
    #[serde(with = "seconds", skip_serializing_if = "Option::is_none")]
    pub warned: Option<Timestamp>,
}

impl TokenMetadata {
    /// Metadata that contains only the account.
    pub fn new(account: &Account, token: &Token) -> TokenMetadata {
        TokenMetadata {
            account: account.to_string(),
            fingerprint: token.fingerprint(),
            ..TokenMetadata::default()
        }
    }

    /// How long the token is still valid, if it expires soon: within three days, or in the last quarter of a lifetime
    /// of less than twelve days. The time is negative if the token has expired.
    pub fn left_if_near_its_end(&self, now: Timestamp) -> Option<SignedDuration> {
        const EARLY: SignedDuration = SignedDuration::from_hours(72);
        let end = self.expires?;
        let left = end.duration_since(now);
        let life = self.created.map(|created| end.duration_since(created));
        let near = life.map_or(EARLY, |life| EARLY.min(life / 4));
        (left <= near).then_some(left)
    }
}

/// Whether a token may belong to this Heroku. Without a record it may, since the Heroku CLI uses it for any.
pub fn may_belong_to(known: Option<&TokenMetadata>, host: &HerokuHost) -> bool {
    let heroku = known.and_then(|known| known.heroku.as_deref());
    heroku.is_none_or(|heroku| heroku == host.api_name())
}

/// Whether a token is certainly revoked or expired if this Heroku rejects it: another Heroku rejects it in any
/// case. A token without a record belongs to `heroku.com`.
pub fn is_proof(known: Option<&TokenMetadata>, host: &HerokuHost) -> bool {
    match known.and_then(|known| known.heroku.as_deref()) {
        Some(heroku) => heroku == host.api_name(),
        None => host.sibling(Service::Api).is_production(),
    }
}

/// The contents of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// One entry for each token.
    #[serde(default)]
    pub authorizations: Vec<TokenMetadata>,
}

/// The file.
pub const FILE: StateFile<Contents> = StateFile::new("authorizations.json");

/// What is known about this token, if anything.
pub fn about(environment: &Environment, token: &Token) -> Option<TokenMetadata> {
    // Most machines have no such file, and then the fingerprint is not needed.
    let known = FILE.load(environment)?.authorizations;
    let fingerprint = token.fingerprint();
    known
        .into_iter()
        .find(|known| known.fingerprint == fingerprint)
}

/// Stores what is known about a token, beside the entries of the account's other tokens: the keyring and netrc may have
/// one each, and one of them may not be readable now.
///
/// # Errors
/// What the file system reports. Only hints are lost.
pub fn save(environment: &Environment, known: TokenMetadata) -> io::Result<()> {
    /// How many tokens of an account have an entry. The oldest ones are gone by then.
    const MOST: usize = 8;
    FILE.edit(environment, move |contents| {
        let all = &mut contents.authorizations;
        all.retain(|other| other.fingerprint != known.fingerprint);
        all.push(known.clone());
        let is_of_account = |other: &TokenMetadata| other.account == known.account;
        if all.iter().filter(|other| is_of_account(other)).count() > MOST
            && let Some(oldest) = all.iter().position(is_of_account)
        {
            all.remove(oldest);
        }
    })
}

/// Records when the user was warned that a token expires soon, if there still is an entry of the token. Another process
/// may have replaced the token meanwhile.
///
/// # Errors
/// As [`save`].
pub fn set_warned(environment: &Environment, fingerprint: &str, at: Timestamp) -> io::Result<()> {
    FILE.edit(environment, |contents| {
        let mut all = contents.authorizations.iter_mut();
        if let Some(known) = all.find(|known| known.fingerprint == fingerprint) {
            known.warned = Some(at);
        }
    })
}

/// Removes the entries of all tokens but these. The file stays, since another process may be saving an entry.
/// A file that cannot be read is not changed.
///
/// # Errors
/// As [`save`].
pub fn retain(environment: &Environment, tokens: &[&Token]) -> io::Result<()> {
    if FILE.load(environment).is_none() {
        return Ok(());
    }
    let stored: Vec<String> = tokens.iter().map(|token| token.fingerprint()).collect();
    FILE.edit(environment, |contents| {
        let all = &mut contents.authorizations;
        all.retain(|known| stored.contains(&known.fingerprint));
    })
}

/// Removes the entry of a token.
///
/// # Errors
/// As [`save`].
pub fn remove(environment: &Environment, token: &Token) -> io::Result<()> {
    if about(environment, token).is_none() {
        return Ok(());
    }
    let fingerprint = token.fingerprint();
    FILE.edit(environment, |contents| {
        let all = &mut contents.authorizations;
        all.retain(|known| known.fingerprint != fingerprint);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Heroku;
    use crate::scope::Scope;
    use std::fs;

    fn token(last: char) -> Token {
        Token::parse(&format!("HRKU-01234567-89ab-cdef-0123-456789abcde{last}")).unwrap()
    }

    fn ann() -> Account {
        Account::parse("ann@example.com").unwrap()
    }

    #[test]
    fn saved_metadata_is_loaded() {
        let (_dir, environment) = Environment::with_new_home();
        let known = TokenMetadata {
            authorization: Some("01234567-89ab-cdef-0123-456789abcdef".to_owned()),
            scope: Scopes::from_iter([Scope::Global]),
            expires: Timestamp::from_second(1_800_000_000).ok(),
            ..TokenMetadata::new(&ann(), &token('a'))
        };
        save(&environment, known.clone()).unwrap();
        assert_eq!(about(&environment, &token('a')), Some(known));
        assert_eq!(about(&environment, &token('b')), None);
    }

    #[test]
    fn the_metadata_of_stored_tokens_is_kept() {
        let (_dir, environment) = Environment::with_new_home();
        let bob = Account::parse("bob@example.com").unwrap();
        let (a, b) = (token('a'), token('b'));
        let path = FILE.path(&environment).unwrap();
        retain(&environment, &[]).unwrap();
        assert!(!path.exists());
        save(&environment, TokenMetadata::new(&ann(), &a)).unwrap();
        save(&environment, TokenMetadata::new(&bob, &b)).unwrap();
        retain(&environment, &[&b, &token('c')]).unwrap();
        assert_eq!(about(&environment, &a), None);
        assert!(about(&environment, &b).is_some());
        retain(&environment, &[&a]).unwrap();
        // The file stays: another process may be saving an entry.
        assert_eq!(FILE.load(&environment), Some(Contents::default()));
        crate::files::replace(&path, b"{").unwrap();
        retain(&environment, &[]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"{");
    }

    #[test]
    fn only_the_entry_of_a_removed_token_is_deleted() {
        let (_dir, environment) = Environment::with_new_home();
        save(&environment, TokenMetadata::new(&ann(), &token('b'))).unwrap();
        remove(&environment, &token('a')).unwrap();
        assert!(about(&environment, &token('b')).is_some());
        remove(&environment, &token('b')).unwrap();
        assert_eq!(about(&environment, &token('b')), None);
    }

    #[test]
    fn the_metadata_of_the_accounts_other_tokens_is_kept() {
        let (_dir, environment) = Environment::with_new_home();
        let bob = Account::parse("bob@example.com").unwrap();
        save(&environment, TokenMetadata::new(&bob, &token('0'))).unwrap();
        for last in ['a', 'b', 'a'] {
            save(&environment, TokenMetadata::new(&ann(), &token(last))).unwrap();
        }
        let entries = || FILE.load(&environment).unwrap().authorizations.len();
        assert!(about(&environment, &token('b')).is_some());
        assert_eq!(entries(), 3);
        for last in '1'..='9' {
            save(&environment, TokenMetadata::new(&ann(), &token(last))).unwrap();
        }
        assert_eq!(about(&environment, &token('1')), None);
        assert!(about(&environment, &token('2')).is_some());
        assert!(about(&environment, &token('0')).is_some());
        assert_eq!(entries(), 9);
    }

    #[test]
    fn a_warning_changes_only_the_entry_of_its_token() {
        let (_dir, environment) = Environment::with_new_home();
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        save(&environment, TokenMetadata::new(&ann(), &token('b'))).unwrap();
        let warned = |last| set_warned(&environment, &token(last).fingerprint(), at).unwrap();
        warned('a');
        let entries = FILE.load(&environment).unwrap().authorizations;
        assert_eq!(entries, [TokenMetadata::new(&ann(), &token('b'))]);
        warned('b');
        let known = about(&environment, &token('b')).unwrap();
        assert_eq!(known.warned, Some(at));
    }

    #[test]
    fn a_token_expires_soon_in_its_last_three_days_or_its_last_quarter() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let near = |created: Option<i64>, end: i64, now: i64| {
            let known = TokenMetadata {
                created: created.map(at),
                expires: Some(at(end)),
                ..TokenMetadata::default()
            };
            known.left_if_near_its_end(at(now)).is_some()
        };
        assert!(near(Some(0), 1000, 928) && !near(Some(0), 1000, 927));
        assert!(near(Some(0), 8, 6) && !near(Some(0), 8, 5));
        assert!(near(None, 1000, 928) && !near(None, 1000, 927));
        let endless = TokenMetadata::default();
        assert_eq!(endless.left_if_near_its_end(at(0)), None);
    }

    #[test]
    fn only_the_heroku_that_issued_a_token_can_reject_it() {
        let production = HerokuHost::production(Service::Git);
        let staging = Heroku::parse("staging.herokudev.com").host(Service::Git);
        let staging = staging.unwrap();
        let of = |host: &HerokuHost| TokenMetadata {
            heroku: Some(host.api_name()),
            ..TokenMetadata::new(&ann(), &token('a'))
        };
        for (known, host, is_proven, is_served) in [
            (None, &production, true, true),
            (None, &staging, false, true),
            (Some(of(&production)), &production, true, true),
            (Some(of(&production)), &staging, false, false),
            (Some(of(&staging)), &production, false, false),
            (Some(of(&staging)), &staging, true, true),
        ] {
            assert_eq!(is_proof(known.as_ref(), host), is_proven);
            assert_eq!(may_belong_to(known.as_ref(), host), is_served);
        }
    }

    #[test]
    fn no_secret_is_written() {
        let (_dir, environment) = Environment::with_new_home();
        save(&environment, TokenMetadata::new(&ann(), &token('a'))).unwrap();
        let text = fs::read_to_string(FILE.path(&environment).unwrap()).unwrap();
        assert!(text.contains(&token('a').fingerprint()) && !text.contains("89ab"));
    }

    #[test]
    fn concurrent_saves_keep_every_entry() {
        let (_dir, environment) = Environment::with_new_home();
        let letters: Vec<char> = ('a'..='f').collect();
        std::thread::scope(|scope| {
            for &letter in &letters {
                let account = Account::parse(&format!("{letter}@example.com")).unwrap();
                let known = TokenMetadata::new(&account, &token(letter));
                let environment = &environment;
                scope.spawn(move || save(environment, known).unwrap());
            }
        });
        let is_known = |letter: &char| about(&environment, &token(*letter)).is_some();
        assert!(letters.iter().all(is_known));
    }

    #[test]
    fn removing_nothing_creates_no_file() {
        let (_dir, environment) = Environment::with_new_home();
        remove(&environment, &token('a')).unwrap();
        assert!(!FILE.path(&environment).unwrap().exists());
    }
}
