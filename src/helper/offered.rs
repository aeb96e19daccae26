//! Decides whether a token that git or docker offers, after it worked, may be stored.

use crate::account::Account;
use crate::context::Context;
use crate::hosts::HerokuHost;
use crate::logins::lookup::{self, Source, StoredToken};
use crate::notice::{Fix, Notice};
use crate::protocol::State;

/// Whether a token that is offered may be stored.
pub(super) enum Permission {
    Granted,
    /// There already is a token for the request: this one.
    HasToken(Box<StoredToken>),
}

/// Decides whether a token that is offered may be stored. `account` is the one that the request names by its email.
///
/// A token that was typed for this request, as only [`State::Asked`] shows, may be stored, unless a login was stored in
/// the meantime. In netrc it would replace the login of any other account, so there must be none. Any other token may be
/// stored only if every source can be read and none has a token of any account: it may come from another helper, or from
/// the URL of a submodule, and the next push without a user name would use it.
///
/// If the keyring gives no answer, it is not asked a second time: git waits for us.
///
/// # Errors
/// Why the token was not stored, for the user.
pub(super) fn may_be_stored(
    state: Option<State>,
    account: Option<&Account>,
    host: &HerokuHost,
    context: &Context,
) -> Result<Permission, Notice> {
    let answer = lookup::find(host, account, context);
    if let Some(found) = answer.found {
        return Ok(Permission::HasToken(Box::new(found)));
    }
    let has_other_login = match state {
        // If the Heroku CLI uses netrc, nothing is stored in the keyring, and its state does not matter.
        Some(State::Asked) if context.environment.netrc_before_keyring => {
            lookup::netrc_has_a_token(host, context)
        }
        Some(State::Asked) => answer.unavailable(Source::Keyring).map_or(Ok(false), Err),
        Some(State::Served) | None => match answer.unreadable() {
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
