//! `login`: a token from a person, a pipe, a password or the browser, checked and kept.
//!
//! However it comes, it ends in `finish`: ask Heroku whose it is, keep it, say where and until
//! when, and offer to set git up.

use std::io::Write;
use std::time::Duration;

use super::{Session, cli_cannot_read_keyring, metadata_of, owner_of, usual_description};
use crate::account::Account;
use crate::cli::{Login, Place};
use crate::context::Context;
use crate::git::Setting;
use crate::heroku_api::{ApiError, Authorization, HerokuApi};
use crate::keyring::{Lock, Unavailable};
use crate::logins::lookup::Source;
use crate::logins::{self, Kept, Store};
use crate::notice::Notice;
use crate::scope::Scopes;
use crate::terminal;
use crate::token::Token;

mod browser;
mod password;
mod paste;

const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn run(arguments: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    open_keyring(arguments, session)?;
    let api = session.context.api(LIMIT)?;
    let got = if arguments.with_token {
        paste::from_stdin(session)?
    } else if arguments.interactive {
        password::ask(&api, arguments, session)?
    } else if arguments.browser {
        browser::wait(&api, arguments, session)?
    } else {
        paste::ask(arguments, session)?
    };
    finish(&api, got, arguments, session)
}

/// A keyring that will not take the token ends the login before it begins. A locked one is unlocked by its own
/// prompt if the user is at a terminal, and so is one that wants to confirm access to its items: the account that
/// logs in may have one.
fn open_keyring(arguments: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match logins::can_keep(session.context, store(arguments.store)) {
        Err(Unavailable::Locked(_)) if terminal::is_available() => {
            session.say("the keyring is locked, and asks you to unlock it")?;
            unlock(session.context)
        }
        Ok(()) if terminal::is_available() && wants_confirmation(arguments, session.context) => {
            session.say("the keyring asks you to allow access to its items")?;
            unlock(session.context)
        }
        able => able,
    }
    .map_err(|why| why.notice().into())
}

fn unlock(context: &Context) -> Result<(), Unavailable> {
    context.keyring().unlock(context.environment.prompt_limit)
}

fn wants_confirmation(arguments: &Login, context: &Context) -> bool {
    let is_for_keyring = match store(arguments.store) {
        Store::Keyring => true,
        Store::Auto => !context.environment.netrc_first,
        Store::Netrc => false,
    };
    is_for_keyring
        && context
            .keyring()
            .accounts()
            .is_ok_and(|accounts| accounts.locked == Some(Lock::Confirmation))
}

/// A token that somebody has given us, and its authorization where we made it ourselves.
struct Got {
    token: Token,
    authorization: Option<Authorization>,
}

/// How Heroku's dashboard is to call an authorization of ours.
fn description(arguments: &Login, context: &Context) -> String {
    let given = arguments.description.clone();
    given.unwrap_or_else(|| usual_description(context))
}

fn finish(
    api: &HerokuApi,
    got: Got,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let authorization = got.authorization.as_ref();
    let named = authorization.and_then(|created| created.account.as_ref());
    let email = owner_of(&got.token, named, api).map_err(|failure| refused(&failure))?;
    let created = got.authorization.clone();
    let authorization = got
        .authorization
        .or_else(|| api.authorization_of(&got.token).ok().flatten());
    let known = metadata_of(&got.token, &email, authorization.as_ref(), api);
    if !known.scope.may_push() {
        let weak = weak(&known.scope);
        if !arguments.force {
            return Err(weak.into());
        }
        session.warn(&weak)?;
    }
    let store = store(arguments.store);
    let kept = logins::keep(session.context, store, &email, &got.token, known.clone())
        .map_err(|why| not_stored(api, created.as_ref(), &got.token, why))?;
    for note in &kept.notes {
        session.warn(note)?;
    }
    report_login(&kept, &email, session)?;
    let out = &mut session.streams.output;
    if let Some(expires) = known.expires {
        let left = expires.duration_since(session.context.now());
        let day = expires.strftime("%Y-%m-%d");
        writeln!(out, "It ends on {day}, {}", super::report::span(left))?;
    }
    if kept.source == Source::Keyring {
        if cli_cannot_read_keyring(session.context) {
            session.warn(&Notice::new(
                "the Heroku CLI does not see this login: without secret-tool it looks into netrc",
                "install libsecret-tools, or log in with --store netrc",
            ))?;
        }
        warn_if_not_shared(session)?;
    }
    if session.context.environment.api_key.is_some() {
        session.warn(&Notice::new(
            "HEROKU_API_KEY is set, and goes before this login",
            "run: unset HEROKU_API_KEY",
        ))?;
    }
    offer_setup(session)
}

/// The token could not be stored. An authorization that this login created is revoked: no one else has its token.
fn not_stored(
    api: &HerokuApi,
    created: Option<&Authorization>,
    token: &Token,
    why: Notice,
) -> Notice {
    let Some(created) = created else {
        return why;
    };
    match api.revoke(token, &created.id) {
        Ok(_) => {
            let what = format!("{}: the new authorization was revoked again", why.what());
            Notice::new(what, why.fix())
        }
        Err(_) => Notice::new(
            format!("{}: the new authorization could not be revoked", why.what()),
            "revoke it: https://dashboard.heroku.com/account/applications",
        ),
    }
}

fn store(place: Place) -> Store {
    match place {
        Place::Auto => Store::Auto,
        Place::Keyring => Store::Keyring,
        Place::Netrc => Store::Netrc,
    }
}

/// Where the token lies now. Plain text is never passed over in silence.
fn report_login(
    kept: &Kept,
    account: &Account,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let place = match kept.source {
        Source::Netrc => "netrc, in plain text",
        Source::ApiKey | Source::Keyring => "the keyring",
    };
    if let Some(why) = &kept.no_keyring {
        session.say(&format!(
            "{}: the token goes to netrc, where the Heroku CLI keeps it on such a machine.\n  \
             rather not in plain text? put it into HEROKU_API_KEY (a Codespaces secret, a CI variable),\n  \
             or install a keyring such as gnome-keyring; then: git credential-heroku-rs logout --keep",
            why.what()
        ))?;
    }
    let out = &mut session.streams.output;
    writeln!(
        out,
        "Logged in as {account}: the token is in {place}, for git and for the Heroku CLI"
    )?;
    Ok(())
}

/// A Windows without `PasswordVault` has another store, which the Heroku CLI does not read.
pub(super) fn warn_if_not_shared(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if session.context.keyring().is_shared() {
        return Ok(());
    }
    session.warn(&Notice::new(
        "the Heroku CLI does not see this login: this Windows has no PasswordVault",
        "log in with the Heroku CLI, too: heroku login",
    ))
}

fn refused(failure: &ApiError) -> Notice {
    match failure {
        ApiError::TokenRejected => Notice::new(
            "Heroku refuses this token: it is revoked, expired, or not whole",
            "make a new one and paste all of it: git credential-heroku-rs login",
        ),
        other => other.notice(),
    }
}

fn weak(scope: &Scopes) -> Notice {
    Notice::new(
        format!("this token may not push: its scope is {scope}"),
        "make one with the scope global, or keep this one all the same: --force",
    )
}

/// Offers `setup` where git asks somebody else first, or nobody.
fn offer_setup(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let helpers = session.context.git().helpers_for_heroku();
    let set_up = helpers.is_ok_and(|helpers| helpers.first().is_some_and(Setting::starts_us));
    if !set_up {
        session.say("git does not ask heroku-rs yet. Run: git credential-heroku-rs setup")?;
    }
    Ok(())
}
