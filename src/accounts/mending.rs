//! What a mend does to the keychain: tokens that lie in the wrong place find the right one.
//!
//! It never decides who is in use, and what somebody else has kept since the look stays.

use jiff::Timestamp;

use super::{Store, forget_in_keychain, keep, keep_unchecked};
use crate::credential::{Account, Token};
use crate::environment::Environment;
use crate::heroku_cli::{self, LoginState};
use crate::keychain::Keychain;
use crate::known_authorizations::{self, Known};
use crate::problem::Problem;

/// Keeps a good token that was found elsewhere, where the keychain has none of its account, or has
/// one that Heroku refuses: `dead`. Any other that has come meanwhile is as good, and stays.
///
/// # Errors
/// Why the keychain could not take it.
pub fn adopt(
    environment: &Environment,
    owner: &Account,
    token: &Token,
    dead: Option<&Token>,
) -> Result<(), Problem> {
    match in_keychain(environment, owner)? {
        Some(other) if Some(&other) != dead => Ok(()),
        Some(_) | None => keep_as_it_is(environment, owner, token),
    }
}

/// Gives a token that lies under another name its owner's, and takes the other item away.
///
/// # Errors
/// As [`keep`]; where the old item cannot be removed, the token lies under both names.
pub fn move_to_owner(
    environment: &Environment,
    from: &Account,
    owner: &Account,
    token: &Token,
    dead: Option<&Token>,
) -> Result<(), Problem> {
    let in_use = match heroku_cli::login_state(environment) {
        LoginState::Account(account) => account == *from,
        LoginState::Absent | LoginState::Unusable => false,
    };
    adopt(environment, owner, token, dead)?;
    if in_use {
        super::switch(environment, owner)?;
    }
    forget_in_keychain(environment, from, Some(token)).map(drop)
}

/// Leaves one item of an account, the one that holds this token.
///
/// # Errors
/// That another token has come first meanwhile; then nothing has changed.
pub fn leave_one(
    environment: &Environment,
    account: &Account,
    token: &Token,
) -> Result<(), Problem> {
    match in_keychain(environment, account)? {
        Some(first) if first == *token => keep_unchecked(environment, account, token),
        Some(_) | None => Err(Problem::new(
            format!("another token of {account} has come meanwhile"),
            "look again: git credential-heroku-rs doctor",
        )),
    }
}

fn in_keychain(environment: &Environment, account: &Account) -> Result<Option<Token>, Problem> {
    let item = Keychain::new(environment).item(account);
    Ok(item.map_err(|why| why.problem())?.map(|item| item.token))
}

/// Where a third account is in use it stays so; where none is, this is the first login.
fn keep_as_it_is(environment: &Environment, owner: &Account, token: &Token) -> Result<(), Problem> {
    match heroku_cli::login_state(environment) {
        LoginState::Account(other) if other != *owner => keep_unchecked(environment, owner, token),
        LoginState::Account(_) | LoginState::Absent | LoginState::Unusable => {
            let noted = known_authorizations::about(environment, token);
            let known = Known {
                account: owner.to_string(),
                checked: Some(Timestamp::now()),
                ..noted.unwrap_or_else(|| Known::new(owner, token))
            };
            keep(environment, Store::Keychain, owner, token, known).map(drop)
        }
    }
}
