//! What a mend does to the keyring: tokens that lie in the wrong place find the right one.
//!
//! It never decides who is in use, and what somebody else has kept since the look stays.

use super::{forget_in_keyring, keep_unchecked, unwritten};
use crate::account::Account;
use crate::context::Context;
use crate::heroku_cli::{self};
use crate::logins::lookup::{Answer, Source};
use crate::notice::Notice;
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

/// Gives a token that lies under another name its owner's, and takes the other item away; says
/// whether it did. Where another token of the owner's lies there, both stay as they are, unless that
/// one is `dead`.
///
/// What git is served stays so: where it was this token, its owner is in use from then on.
///
/// # Errors
/// As [`keep`]; where the old item cannot be removed, the token lies under both names.
pub fn move_to_owner(
    context: &Context,
    from: &Account,
    owner: &Account,
    token: &Token,
    dead: Option<&Token>,
    known: TokenMetadata,
) -> Result<bool, Notice> {
    match in_keyring(context, owner)? {
        Some(same) if same == *token => {}
        Some(other) if Some(&other) != dead => return Ok(false),
        Some(_) | None => {
            let kept = context.keyring().write(owner, token);
            kept.map_err(|why| why.notice())?;
        }
    }
    // A note that cannot be written is only a note.
    let _ = token_metadata::remember(&context.environment, known);
    if serves(context, from) {
        let named = heroku_cli::set_login(&context.environment, owner);
        named.map_err(|why| unwritten("the account in use", &why))?;
    }
    forget_in_keyring(context, from, Some(token)).map(|_| true)
}

/// Whether git is served what lies under this name, or would be without `HEROKU_API_KEY`.
fn serves(context: &Context, name: &Account) -> bool {
    let answer = Answer::to_git_without_api_key(context);
    answer.found.is_some_and(|found| {
        found.source == Source::Keyring && found.account.as_ref() == Some(name)
    })
}

/// Leaves one item of an account, with this token. `first` is the token of the first item at the last look.
///
/// # Errors
/// That another token has come first meanwhile; then nothing has changed.
pub fn leave_one(
    context: &Context,
    account: &Account,
    first: &Token,
    kept: &Token,
) -> Result<(), Notice> {
    match in_keyring(context, account)? {
        Some(now) if now == *first => keep_unchecked(context, account, kept),
        Some(_) | None => Err(Notice::new(
            format!("another token of {account} was stored meanwhile"),
            "check again: git credential-heroku-rs doctor",
        )),
    }
}

fn in_keyring(context: &Context, account: &Account) -> Result<Option<Token>, Notice> {
    let token = context.keyring().read(account);
    token.map_err(|why| why.notice())
}
