//! Replaces a token with another one of the same account, in the source that has it.
//!
//! The user may log in or out at any time, with this program or with the Heroku CLI: the result of that
//! stays. A write with an unknown result is reported as such, since neither token may be revoked then.

use super::unwritten;
use crate::account::Account;
use crate::context::Context;
use crate::heroku_cli;
use crate::keyring::Unavailable;
use crate::logins::lookup::Source;
use crate::netrc::{self, Unreadable};
use crate::notice::{Fix, Notice};
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

/// Why a token was not stored.
#[derive(Debug)]
pub enum NotStored {
    /// The source has another token by now, or none: the user logged in or out. The result of that stays.
    Overtaken,
    /// It is certainly not stored.
    Untouched(Notice),
    /// The result of the write is unknown: the token may be stored, so it must not be revoked.
    Unclear(Notice),
}

/// Only a write to the keyring may fail with an unknown result.
impl From<Unavailable> for NotStored {
    fn from(why: Unavailable) -> NotStored {
        match why {
            Unavailable::Overtaken => NotStored::Overtaken,
            Unavailable::Unconfirmed(_) => NotStored::Unclear(why.into()),
            why => NotStored::Untouched(why.into()),
        }
    }
}

impl From<Unreadable> for NotStored {
    fn from(why: Unreadable) -> NotStored {
        NotStored::Untouched(why.into())
    }
}

impl From<NotStored> for Notice {
    fn from(why: NotStored) -> Notice {
        match why {
            NotStored::Overtaken => Notice::new(
                "the stored token has changed in the meantime, and was kept",
                "show the stored token: git credential-heroku-rs status",
            ),
            NotStored::Untouched(why) | NotStored::Unclear(why) => why,
        }
    }
}

/// Checks that this token is still where it was found, so that it could be replaced.
///
/// # Errors
/// [`NotStored`], but never [`NotStored::Unclear`].
pub fn still_holds(
    context: &Context,
    place: Source,
    account: &Account,
    token: &Token,
) -> Result<(), NotStored> {
    let is_held = match place {
        Source::ApiKey => false,
        Source::Keyring => context.keyring().read(account)?.as_ref() == Some(token),
        Source::Netrc => {
            check_keyring(context, account).map_err(NotStored::Untouched)?;
            netrc::is_replaceable(&context.environment, token)?
        }
    };
    is_held.then_some(()).ok_or(NotStored::Overtaken)
}

/// Checks that a copy of the token in the keyring would be replaced too. It would be the one that git gets.
fn check_keyring(context: &Context, account: &Account) -> Result<(), Notice> {
    if context.environment.netrc_before_keyring {
        return Ok(());
    }
    let why = match context.keyring().read(account) {
        Err(why) if may_have_copy(context, &why) => why,
        Ok(_) | Err(_) => return Ok(()),
    };
    let mut notice = why.notice().without_alternative();
    if why.proves_no_login() {
        let rotate = "HEROKU_NETRC_WRITE=true git credential-heroku-rs rotate";
        let fix = Fix::command(
            "run it in your desktop session, or, if this machine has no keyring",
            rotate,
        );
        notice = Notice::new(notice.what(), fix);
    }
    Err(notice.as_cause_of("the keyring may have the same token"))
}

/// Whether a keyring that could not be read may have a copy of a token in netrc.
///
/// If `login.json` exists, a keyring may have a login although none can be reached, as in cron on a desktop, which has
/// no D-Bus session. On a server without a keyring the Heroku CLI writes the file too, if it tried to use one.
fn may_have_copy(context: &Context, why: &Unavailable) -> bool {
    !why.proves_no_login() || heroku_cli::active_account(&context.environment) != Ok(None)
}

/// Replaces `old` with `new` and reads it back; then replaces a copy of `old` in the other source, and waits until the
/// new token is stored permanently, so that the old one can be revoked.
///
/// Returns what else went wrong: the new token is safe, but something else was not written.
///
/// # Errors
/// [`NotStored`]; the old token has to stay valid then.
pub fn replace(
    context: &Context,
    place: Source,
    account: &Account,
    old: &Token,
    (new, known): (&Token, TokenMetadata),
) -> Result<Vec<Notice>, NotStored> {
    still_holds(context, place, account, old)?;
    match place {
        Source::ApiKey => return Err(NotStored::Overtaken),
        Source::Keyring => context.keyring().write(account, new)?,
        Source::Netrc => {
            if !netrc::replace(&context.environment, account, old, new)? {
                return Err(NotStored::Overtaken);
            }
        }
    }
    let copy = replace_copy(context, place, account, Some(old), new);
    let mut notes: Vec<Notice> = copy.into_iter().collect();
    let recorded = token_metadata::save(&context.environment, known)
        .and_then(|()| token_metadata::remove(&context.environment, old));
    if let Err(why) = recorded {
        notes.push(unwritten("the token's expiry", &why));
    }
    if place == Source::Keyring {
        let settled = context.keyring().settle(account, new);
        settled.map_err(|why| NotStored::Unclear(why.into()))?;
    }
    Ok(notes)
}

/// Replaces `old` with `new` in the source other than `place`, if it has a copy: the Heroku CLI may have been set to use
/// netrc for some time. Beside another login in netrc, the copy is removed. Returns what the user should know.
///
/// `old` is none if no source that can be read has it. Then nothing is replaced, but the keyring may have it.
pub fn replace_copy(
    context: &Context,
    place: Source,
    account: &Account,
    old: Option<&Token>,
    new: &Token,
) -> Option<Notice> {
    let environment = &context.environment;
    match (place, old) {
        (Source::ApiKey, _) | (Source::Keyring, None) => None,
        (Source::Keyring, Some(old)) => {
            let replaced = netrc::replace(environment, account, old, new)
                .and_then(|is_replaced| Ok(!is_replaced && netrc::remove(environment, Some(old))?));
            match replaced {
                Ok(false) => None,
                Ok(true) => Some(Notice::new(
                    "the old token was removed from netrc, which has another login too",
                    Fix::NONE,
                )),
                Err(why) => {
                    let effect = "netrc may still contain the old token";
                    Some(Notice::from(why).as_cause_of(effect))
                }
            }
        }
        (Source::Netrc, _) => {
            let keyring = context.keyring();
            let replaced = match keyring.read(account) {
                Ok(Some(copy)) if Some(&copy) == old => keyring.write(account, new),
                Err(why) if may_have_copy(context, &why) => Err(why),
                Ok(_) | Err(_) => Ok(()),
            };
            let notice = replaced.err()?.notice().without_alternative();
            Some(notice.as_cause_of("the keyring may still contain the old token"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::keyring::Lock;
    use crate::keyring::memory::MemoryKeyring;

    #[test]
    fn a_copy_that_cannot_be_replaced_is_reported_as_one() {
        const OLD: &str = "HRKU-01234567-89ab-cdef-0123-456789abcde0";
        const NEW: &str = "HRKU-01234567-89ab-cdef-0123-456789abcde1";
        let (old, new) = (Token::parse(OLD).unwrap(), Token::parse(NEW).unwrap());
        let ann = Account::parse("ann@example.com").unwrap();
        let (_dir, environment) = Environment::with_new_home();
        let environment = Environment {
            netrc_before_keyring: true,
            ..environment
        };
        netrc::save(&environment, &ann, &old).unwrap();
        let keyring = MemoryKeyring::new()
            .with(ann.as_str(), OLD)
            .refusing_writes(Unavailable::Locked(Lock::Keyring));
        let context = Context::new(environment).with_keyring(Box::new(keyring));
        let known = TokenMetadata::new(&ann, &new);
        let notes = replace(&context, Source::Netrc, &ann, &old, (&new, known)).unwrap();
        let notes: Vec<&str> = notes.iter().map(Notice::what).collect();
        let expected = "the keyring may still contain the old token: the keyring is locked";
        assert_eq!(notes, [expected]);
    }
}
