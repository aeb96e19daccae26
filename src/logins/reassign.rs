//! Repairs in the keyring: a token under the wrong name is moved to the right one.
//!
//! A repair never chooses the active account, and a token that another program has stored since the check
//! stays.

use super::{remove_from_keyring, set_login};
use crate::account::Account;
use crate::context::Context;
use crate::logins::lookup::{Answer, Source};
use crate::notice::{Fix, Notice};
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

/// Moves a token from the name `from` to the name of its owner; returns whether it did. If the owner has
/// another token, both stay as they are, unless that one is `dead`.
///
/// git gets the same token as before: if it was this one, its owner becomes the active account.
///
/// # Errors
/// What could not be read or written. If the old item cannot be removed, the token is stored under both
/// names.
pub fn move_to_owner(
    context: &Context,
    from: &Account,
    owner: &Account,
    token: &Token,
    dead: Option<&Token>,
    metadata: TokenMetadata,
) -> Result<bool, Notice> {
    match context.keyring().read(owner)? {
        Some(same) if same == *token => {}
        Some(other) if Some(&other) != dead => return Ok(false),
        Some(_) | None => context.keyring().write(owner, token)?,
    }
    // To lose the note costs only hints.
    let _ = token_metadata::save(&context.environment, metadata);
    if serves(context, from) {
        set_login(context, owner)?;
    }
    remove_from_keyring(context, from, token)?;
    Ok(true)
}

/// Whether git gets the token under this name, or would get it without `HEROKU_API_KEY`.
fn serves(context: &Context, name: &Account) -> bool {
    let answer = Answer::to_git_without_api_key(context);
    answer.found.is_some_and(|found| {
        found.source == Source::Keyring && found.account.as_ref() == Some(name)
    })
}

/// Leaves one item of an account in the keyring, with the token `kept`. `first` is the first item's token at the last
/// check. If the Heroku CLI uses netrc, the duplicates are in the keyring all the same.
///
/// # Errors
/// That the first item has another token by now; then nothing has changed.
pub fn leave_one(
    context: &Context,
    account: &Account,
    first: &Token,
    kept: &Token,
) -> Result<(), Notice> {
    match context.keyring().read(account)? {
        Some(now) if now == *first => Ok(context.keyring().write(account, kept)?),
        Some(_) | None => Err(Notice::new(
            format!("another token of {account} was stored in the meantime"),
            Fix::command("check again", "git credential-heroku-rs doctor"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::keyring::memory::MemoryKeyring;
    use crate::netrc;

    #[test]
    fn a_repair_of_the_keyring_leaves_netrc_as_it_is() {
        const KEPT: &str = "HRKU-01234567-89ab-cdef-0123-456789abcde0";
        const DEAD: &str = "HRKU-01234567-89ab-cdef-0123-456789abcde1";
        let token = |text| Token::parse(text).unwrap();
        let account = |name| Account::parse(name).unwrap();
        let ann = account("ann@example.com");
        let (_dir, environment) = Environment::with_new_home();
        let environment = Environment {
            netrc_before_keyring: true,
            ..environment
        };
        netrc::save(&environment, &account("bob@example.com"), &token(DEAD)).unwrap();
        let file = netrc::path(&environment).unwrap();
        let before = std::fs::read(&file).unwrap();
        let keyring = MemoryKeyring::new()
            .with(ann.as_str(), DEAD)
            .with(ann.as_str(), KEPT);
        let context = Context::new(environment).with_keyring(Box::new(keyring));
        leave_one(&context, &ann, &token(DEAD), &token(KEPT)).unwrap();
        let listing = context.keyring().read_all().unwrap();
        let left: Vec<_> = listing.items.iter().chain(&listing.duplicates).collect();
        assert!(left.len() == 1 && left[0].token == token(KEPT), "{left:?}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
}
