//! Decides whether a token that git or docker offers, after it worked, may be stored.

use crate::account::Account;
use crate::context::Context;
use crate::hosts::HerokuHost;
use crate::logins::lookup::{self, Source, StoredToken};
use crate::notice::{Fix, Notice};

/// Where a token that is offered comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was typed at git's prompt, after git had asked us and we had none.
    Prompt,
    /// A URL, another helper, or a client that does not support `state`.
    Unknown,
}

/// Whether a token that is offered may be stored.
pub(super) enum Permission {
    Granted,
    /// There already is a token for the request: this one.
    HasToken(Box<StoredToken>),
}

/// Decides whether a token that is offered may be stored. `account` is the one that the request names by its email.
///
/// A token that was typed for this request may be stored, unless a login was stored in the meantime. In netrc it would
/// replace the login of any other account, so there must be none. Any other token may be stored only if every source can
/// be read and none has a token of any account: it may come from the URL of a submodule, and the next push without a
/// user name would use it.
///
/// If the keyring gives no answer, it is not asked a second time: git waits for us.
///
/// # Errors
/// Why the token was not stored, for the user.
pub(super) fn may_be_stored(
    origin: Origin,
    account: Option<&Account>,
    host: &HerokuHost,
    context: &Context,
) -> Result<Permission, Notice> {
    let answer = lookup::find(host, account, context);
    if let Some(found) = answer.found {
        return Ok(Permission::HasToken(Box::new(found)));
    }
    let has_other_login = match origin {
        // If the Heroku CLI uses netrc, nothing is stored in the keyring, and its state does not matter.
        Origin::Prompt if context.environment.netrc_before_keyring => {
            lookup::netrc_has_a_token(host, context)
        }
        Origin::Prompt => answer.unavailable(Source::Keyring).map_or(Ok(false), Err),
        Origin::Unknown => match answer.unreadable() {
            Some(why) => Err(why.clone()),
            None => lookup::any_source_has_a_token(host, context),
        },
    };
    if !has_other_login.map_err(|why| not_stored(&why))? {
        return Ok(Permission::Granted);
    }
    Err(not_stored(&Notice::new(
        "other Heroku accounts are logged in",
        Fix::command("log in with this token", "git credential-heroku-rs login"),
    )))
}

pub(super) fn not_stored(why: &Notice) -> Notice {
    let what = format!("the token was not stored ({})", why.what());
    Notice::new(what, why.fix())
}
