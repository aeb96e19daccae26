//! Putting a token in the place of another of the same account, wherever that one lies.
//!
//! Somebody else may log in or out at any time, by either program: what they left stays. And a
//! write whose end is not known is told as such, since then nobody may revoke either token.

use super::unwritten;
use crate::account::Account;
use crate::context::Context;
use crate::keyring::Unavailable;
use crate::logins::lookup::Source;
use crate::netrc::{self, Unreadable};
use crate::notice::Notice;
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

/// Why a token was not put in the place of another.
#[derive(Debug)]
pub enum NotReplaced {
    /// Another token lies there, or none: somebody logged in or out. Theirs stays.
    Overtaken,
    /// The place cannot be read or written; what was there is there.
    Untouched(Notice),
    /// The end of the write is not known: either of the two tokens lies there.
    Unclear(Notice),
}

/// Whether this token lies where it was found, so that another could be put in its place.
///
/// # Errors
/// [`NotReplaced`], and never that it is unclear.
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
            .map_err(|why| why.notice()),
        Source::Netrc => netrc::is_replaceable(&context.environment, token)
            .map_err(|why| why.notice(&context.environment)),
    };
    match holds {
        Ok(true) => Ok(()),
        Ok(false) => Err(NotReplaced::Overtaken),
        Err(notice) => Err(NotReplaced::Untouched(notice)),
    }
}

/// Puts `new` where `old` lies and reads it back; copies of `old` in the other place follow.
///
/// Gives what went wrong beside it: the new token is safe, and something else was not written.
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
                Err(why) => return Err(NotReplaced::Unclear(why.notice())),
            }
            let copies = netrc::replace(&context.environment, account, old, new);
            notes.extend(copies.err().map(|why| stale_copy(&why, context)));
        }
        Source::Netrc => {
            match netrc::replace(&context.environment, account, old, new) {
                Ok(true) => {}
                Ok(false) => return Err(NotReplaced::Overtaken),
                Err(why) => return Err(NotReplaced::Untouched(why.notice(&context.environment))),
            }
            // Where the Heroku CLI is told to live on netrc, a copy may be left in the keyring.
            let keyring = context.keyring();
            let copy = keyring.read(account).ok().flatten();
            if copy.as_ref() == Some(old) {
                notes.extend(keyring.write(account, new).err().map(|why| why.notice()));
            }
        }
    }
    if let Err(why) = token_metadata::remember(&context.environment, known) {
        notes.push(unwritten("the token's expiry", &why));
    }
    Ok(notes)
}

/// Waits until a token that was put in the place of another is there for good, so that the other one can
/// be revoked.
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
        Source::Keyring => {
            let settled = context.keyring().settle(account, token);
            settled.map_err(|why| why.notice())
        }
        Source::ApiKey | Source::Netrc => Ok(()),
    }
}

fn stale_copy(why: &Unreadable, context: &Context) -> Notice {
    let why = why.notice(&context.environment);
    Notice::new(
        format!("netrc may still hold the old token: {}", why.what()),
        why.fix(),
    )
}
