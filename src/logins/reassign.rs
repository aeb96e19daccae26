//! What a mend does to the keyring: tokens that lie in the wrong place find the right one.
//!
//! It never decides who is in use, and what somebody else has kept since the look stays.

use jiff::Timestamp;

use super::{Store, forget_in_keyring, keep, keep_unchecked, unwritten};
use crate::account::Account;
use crate::environment::Environment;
use crate::heroku_cli::{self, LoginState};
use crate::keyring::Keyring;
use crate::logins::lookup::{Answer, Source};
use crate::notice::Notice;
use crate::token::Token;
use crate::token_metadata::{self, Known};

/// Keeps a good token that was found elsewhere, where the keyring has none of its account, or has
/// one that Heroku refuses: `dead`. Any other that has come meanwhile is as good, and stays.
///
/// # Errors
/// Why the keyring could not take it.
pub fn adopt(
    environment: &Environment,
    owner: &Account,
    token: &Token,
    dead: Option<&Token>,
) -> Result<(), Notice> {
    match in_keyring(environment, owner)? {
        Some(other) if Some(&other) != dead => Ok(()),
        Some(_) | None => keep_as_it_is(environment, owner, token),
    }
}

/// Gives a token that lies under another name its owner's, and takes the other item away; says
/// whether it did. Where another token of the owner's lies there, both stay as they are, unless that
/// one is `dead`.
///
/// What git is served stays so: where it was this token, its owner is in use from then on.
///
/// # Errors
/// As [`keep`]; where the old item cannot be removed, the token lies under both names.
pub fn move_to_owner(
    environment: &Environment,
    from: &Account,
    owner: &Account,
    token: &Token,
    dead: Option<&Token>,
) -> Result<bool, Notice> {
    match in_keyring(environment, owner)? {
        Some(same) if same == *token => {}
        Some(other) if Some(&other) != dead => return Ok(false),
        Some(_) | None => {
            let kept = Keyring::new(environment).keep(owner, token);
            kept.map_err(|why| why.notice())?;
        }
    }
    // A note that cannot be written is only a note.
    let _ = token_metadata::remember(environment, noted(environment, owner, token));
    if serves(environment, from) {
        let named = heroku_cli::set_login(environment, owner);
        named.map_err(|why| unwritten("the account in use", &why))?;
    }
    forget_in_keyring(environment, from, Some(token)).map(|_| true)
}

/// Whether git is served what lies under this name, or would be without `HEROKU_API_KEY`.
fn serves(environment: &Environment, name: &Account) -> bool {
    let lasting = Environment {
        api_key: None,
        ..environment.clone()
    };
    Answer::to_git(&lasting).found.is_some_and(|found| {
        found.source == Source::Keyring && found.account.as_ref() == Some(name)
    })
}

/// Leaves one item of an account, the one that holds this token.
///
/// # Errors
/// That another token has come first meanwhile; then nothing has changed.
pub fn leave_one(
    environment: &Environment,
    account: &Account,
    token: &Token,
) -> Result<(), Notice> {
    match in_keyring(environment, account)? {
        Some(first) if first == *token => keep_unchecked(environment, account, token),
        Some(_) | None => Err(Notice::new(
            format!("another token of {account} has come meanwhile"),
            "look again: git credential-heroku-rs doctor",
        )),
    }
}

fn in_keyring(environment: &Environment, account: &Account) -> Result<Option<Token>, Notice> {
    let item = Keyring::new(environment).item(account);
    Ok(item.map_err(|why| why.notice())?.map(|item| item.token))
}

/// Where a third account is in use it stays so; where none is, this is the first login.
fn keep_as_it_is(environment: &Environment, owner: &Account, token: &Token) -> Result<(), Notice> {
    match heroku_cli::login_state(environment) {
        LoginState::Account(other) if other != *owner => keep_unchecked(environment, owner, token),
        LoginState::Account(_) | LoginState::Absent | LoginState::Unusable => {
            let known = noted(environment, owner, token);
            keep(environment, Store::Keyring, owner, token, known).map(drop)
        }
    }
}

/// What is known of a token that Heroku has just taken, under its owner's name.
fn noted(environment: &Environment, owner: &Account, token: &Token) -> Known {
    let noted = token_metadata::about(environment, token);
    Known {
        account: owner.to_string(),
        checked: Some(Timestamp::now()),
        ..noted.unwrap_or_else(|| Known::new(owner, token))
    }
}
