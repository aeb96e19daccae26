//! Replaces a token with another one of the same account, in the source that has it.
//!
//! The user may log in or out at any time, with this program or with the Heroku CLI: the result of that
//! stays. A write with an unknown result is reported as such, since neither token may be revoked then.

use super::unwritten;
use crate::account::Account;
use crate::context::Context;
use crate::keyring::Unavailable;
use crate::logins::lookup::Source;
use crate::netrc;
use crate::notice::Notice;
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

/// Why a token was not replaced.
#[derive(Debug)]
pub enum NotReplaced {
    /// The source has another token by now, or none: the user logged in or out. The result of that stays.
    Overtaken,
    /// The source cannot be read or written; nothing has changed.
    Untouched(Notice),
    /// The result of the write is unknown: the source has one of the two tokens.
    Unclear(Notice),
}

/// Checks that this token is still where it was found, so that it could be replaced.
///
/// # Errors
/// [`NotReplaced`], but never [`NotReplaced::Unclear`].
pub fn still_holds(
    context: &Context,
    place: Source,
    account: &Account,
    token: &Token,
) -> Result<(), NotReplaced> {
    let holds = match place {
        Source::ApiKey => Ok(false),
        Source::Keyring => context
            .keyring()
            .read(account)
            .map(|held| held.as_ref() == Some(token))
            .map_err(Notice::from),
        Source::Netrc => netrc::is_replaceable(&context.environment, token).map_err(Notice::from),
    };
    match holds {
        Ok(true) => Ok(()),
        Ok(false) => Err(NotReplaced::Overtaken),
        Err(notice) => Err(NotReplaced::Untouched(notice)),
    }
}

/// Replaces `old` with `new` and reads it back; then replaces copies of `old` in the other source.
///
/// Returns what else went wrong: the new token is safe, but something else was not written.
///
/// # Errors
/// [`NotReplaced`]; the old token has to stay valid then.
pub fn replace(
    context: &Context,
    place: Source,
    account: &Account,
    old: &Token,
    (new, known): (&Token, TokenMetadata),
) -> Result<Vec<Notice>, NotReplaced> {
    still_holds(context, place, account, old)?;
    let mut notes = Vec::new();
    match place {
        Source::ApiKey => return Err(NotReplaced::Overtaken),
        Source::Keyring => {
            match context.keyring().write(account, new) {
                Ok(()) => {}
                Err(Unavailable::Overtaken) => return Err(NotReplaced::Overtaken),
                Err(why) => return Err(NotReplaced::Unclear(why.into())),
            }
            let copies = netrc::replace(&context.environment, account, old, new);
            let stale =
                |why| Notice::from(why).as_cause_of("netrc may still contain the old token");
            notes.extend(copies.err().map(stale));
        }
        Source::Netrc => {
            match netrc::replace(&context.environment, account, old, new) {
                Ok(true) => {}
                Ok(false) => return Err(NotReplaced::Overtaken),
                Err(why) => return Err(NotReplaced::Untouched(why.into())),
            }
            // If the Heroku CLI was set to use netrc, a copy may be left in the keyring.
            let keyring = context.keyring();
            let copy = keyring.read(account).ok().flatten();
            if copy.as_ref() == Some(old) {
                notes.extend(keyring.write(account, new).err().map(Notice::from));
            }
        }
    }
    let recorded = token_metadata::update(&context.environment, known)
        .and_then(|()| token_metadata::remove(&context.environment, old));
    if let Err(why) = recorded {
        notes.push(unwritten("the token's expiry", &why));
    }
    Ok(notes)
}

/// Waits until a new token is stored permanently, so that the one that it has replaced can be revoked.
///
/// # Errors
/// Why it may not be there any more.
pub fn settle(
    context: &Context,
    place: Source,
    account: &Account,
    token: &Token,
) -> Result<(), Notice> {
    match place {
        Source::Keyring => Ok(context.keyring().settle(account, token)?),
        Source::ApiKey | Source::Netrc => Ok(()),
    }
}
