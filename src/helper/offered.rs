//! Decides whether a token that git or docker offers may be stored.

use crate::account::Account;
use crate::context::Context;
use crate::hosts::HerokuHost;
use crate::logins::lookup::{self, Answer, Source, StoredToken, Wanted};
use crate::notice::{Fix, Notice};
use crate::token::Token;

/// A token that git or docker hands over after it worked.
pub(super) struct Offered<'a> {
    pub(super) token: &'a Token,
    /// The account that it was used for, if the request names it by its email.
    pub(super) account: Option<&'a Account>,
    /// Whether it was typed at git's prompt, after git had asked us and we had none.
    pub(super) is_typed: bool,
}

/// Whether a token that is offered may be stored.
pub(super) enum Permission {
    /// It may: no token is stored for the request, and it was typed, or there is no login at all.
    Granted,
    /// There already is a token for the request: this one.
    HasToken(Box<StoredToken>),
    /// There is no token for the request, but there are tokens of other accounts. The offered token may
    /// come from the URL of a submodule, and the next push without a user name would use it.
    OthersAreLoggedIn,
}

/// Decides whether a token that is offered may be stored.
///
/// A token that was typed for this request may be stored, unless a login was stored in the meantime. Any
/// other token may come from a URL, from another helper or from a client that does not support `state`. It
/// may be stored only if every source can be read and none has a token of any account.
///
/// If the keyring gives no answer, it is not asked a second time: git waits for us.
pub(super) fn may_be_stored(
    offered: &Offered<'_>,
    host: &HerokuHost,
    context: &Context,
) -> Result<Permission, Notice> {
    context.environment.trace.add_secret(offered.token.expose());
    let wanted = Wanted {
        host,
        account: offered.account,
    };
    let answer = lookup::find(&wanted, context);
    if let Some(found) = answer.found {
        return Ok(Permission::HasToken(Box::new(found)));
    }
    if offered.is_typed {
        permission_for_typed(&answer, context)
    } else {
        permission_for_any_other(&answer, host, context)
    }
}

fn permission_for_typed(answer: &Answer, context: &Context) -> Result<Permission, Notice> {
    // If the Heroku CLI uses netrc, nothing is stored in the keyring, and its state does not matter.
    let keyring = answer.unavailable(Source::Keyring);
    match keyring.filter(|_| !context.environment.netrc_before_keyring) {
        Some(why) => Err(why),
        None => Ok(Permission::Granted),
    }
}

fn permission_for_any_other(
    answer: &Answer,
    host: &HerokuHost,
    context: &Context,
) -> Result<Permission, Notice> {
    if let Some(why) = answer.unreadable() {
        return Err(why.clone());
    }
    Ok(if lookup::any_source_has_a_token(host, context)? {
        Permission::OthersAreLoggedIn
    } else {
        Permission::Granted
    })
}

pub(super) fn others_are_logged_in() -> Notice {
    not_stored(&Notice::new(
        "other Heroku accounts are logged in",
        Fix::command("log in with this token", "git credential-heroku-rs login"),
    ))
}

pub(super) fn not_stored(why: &Notice) -> Notice {
    let what = format!("the token was not stored ({})", why.what());
    Notice::new(what, why.fix())
}
