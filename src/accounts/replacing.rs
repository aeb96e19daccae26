//! Putting a token in the place of another of the same account, wherever that one lies.
//!
//! Somebody else may log in or out at any time, by either program: what they left stays. And a
//! write whose end is not known is told as such, since then nobody may revoke either token.

use super::unwritten;
use crate::credential::{Account, Token};
use crate::environment::Environment;
use crate::keychain::{Keychain, Unavailable};
use crate::known_authorizations::{self, Known};
use crate::netrc::{self, Unreadable};
use crate::problem::Problem;
use crate::sources::Source;

/// Why a token was not put in the place of another.
#[derive(Debug)]
pub enum NotReplaced {
    /// Another token lies there, or none: somebody logged in or out. Theirs stays.
    Overtaken,
    /// The place cannot be read or written; what was there is there.
    Untouched(Problem),
    /// The end of the write is not known: either of the two tokens lies there.
    Unclear(Problem),
}

/// Whether this token lies where it was found, so that another could be put in its place.
///
/// # Errors
/// [`NotReplaced`], and never that it is unclear.
pub fn still_holds(
    environment: &Environment,
    place: Source,
    account: &Account,
    token: &Token,
) -> Result<(), NotReplaced> {
    let holds = match place {
        Source::ApiKey => Ok(false),
        Source::Keychain => Keychain::new(environment)
            .item(account)
            .map(|item| item.is_some_and(|item| item.token == *token))
            .map_err(|why| why.problem()),
        Source::Netrc => {
            netrc::is_replaceable(environment, token).map_err(|why| why.problem(environment))
        }
    };
    match holds {
        Ok(true) => Ok(()),
        Ok(false) => Err(NotReplaced::Overtaken),
        Err(problem) => Err(NotReplaced::Untouched(problem)),
    }
}

/// Puts `new` where `old` lies and reads it back; copies of `old` in the other place follow.
///
/// Gives what went wrong beside it: the new token is safe, and something else was not written.
///
/// # Errors
/// [`NotReplaced`]; the old token has to stay valid then.
pub fn replace(
    environment: &Environment,
    place: Source,
    account: &Account,
    old: &Token,
    (new, known): (&Token, Known),
) -> Result<Vec<Problem>, NotReplaced> {
    still_holds(environment, place, account, old)?;
    let mut notes = Vec::new();
    match place {
        Source::ApiKey => return Err(NotReplaced::Overtaken),
        Source::Keychain => {
            match Keychain::new(environment).keep(account, new) {
                Ok(()) => {}
                Err(Unavailable::Overtaken) => return Err(NotReplaced::Overtaken),
                Err(why) => return Err(NotReplaced::Unclear(why.problem())),
            }
            let copies = netrc::replace(environment, account, old, new);
            notes.extend(copies.err().map(|why| stale_copy(&why, environment)));
        }
        Source::Netrc => {
            match netrc::replace(environment, account, old, new) {
                Ok(true) => {}
                Ok(false) => return Err(NotReplaced::Overtaken),
                Err(why) => return Err(NotReplaced::Untouched(why.problem(environment))),
            }
            // Where the Heroku CLI is told to live on netrc, a copy may be left in the keychain.
            let keychain = Keychain::new(environment);
            let item = keychain.item(account).ok().flatten();
            if item.is_some_and(|item| item.token == *old) {
                notes.extend(keychain.keep(account, new).err().map(|why| why.problem()));
            }
        }
    }
    if let Err(why) = known_authorizations::remember(environment, known) {
        notes.push(unwritten("the token's expiry", &why));
    }
    Ok(notes)
}

fn stale_copy(why: &Unreadable, environment: &Environment) -> Problem {
    let why = why.problem(environment);
    Problem::new(
        format!("netrc may still hold the old token: {}", why.what()),
        why.mend(),
    )
}
