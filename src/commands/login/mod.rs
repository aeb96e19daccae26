//! `login`: gets a token from the user, a pipe, a password or the browser, checks it and stores it.
//!
//! Each way ends in `finish`: ask Heroku for the account, check that the scope allows a push, store the token, report
//! where it is stored and when it expires, and offer to configure git.

use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Session, cli_cannot_read_keyring, default_description, metadata_of, owner_of, push_hint, setup,
};
use crate::account::Account;
use crate::cli::Login;
use crate::context::Context;
use crate::git::{Scope, Setting};
use crate::heroku_api::{ApiError, Authorization, HerokuApi};
use crate::keyring::{Lock, Unavailable};
use crate::logins::lookup::Source;
use crate::logins::{self, Destination};
use crate::netrc;
use crate::notice::{Fix, Notice};
use crate::scope::Scopes;
use crate::terminal::{self, DefaultAnswer};
use crate::token::Token;

mod browser;
mod password;
mod paste;

/// How long a request may take.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn run(arguments: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let destination = open_destination(arguments, session)?;
    let api = session.context.api(LIMIT)?;
    let is_guided = !(arguments.with_token || arguments.interactive || arguments.browser);
    if !is_guided && let Destination::NetrcInsteadOfKeyring(why) = &destination {
        let location = netrc::location(&session.context.environment);
        session.warn(&Notice::new(
            format!("{}; the token goes to {location}", why.what()),
            "to avoid plain text, set HEROKU_API_KEY instead of logging in",
        ))?;
    }
    let received = if arguments.with_token {
        paste::from_stdin(session)?
    } else if arguments.interactive {
        password::ask(&api, arguments, session)?
    } else if arguments.browser {
        browser::wait(&api, arguments, session)?
    } else {
        paste::ask(&destination, arguments, session)?
    };
    finish(&api, received, &destination, arguments, session)
}

/// Where the token will be stored. If the keyring cannot store it, the login fails before it begins. At a terminal, a
/// locked keyring is unlocked by its own prompt. A keyring that asks before each read shows its prompt too: an item of
/// this account may exist already.
fn open_destination(
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Destination> {
    let context = session.context;
    let is_at_terminal = terminal::is_available();
    let found = logins::destination(context, arguments.store);
    let prompt = match &found {
        Err(Unavailable::Locked(_)) if is_at_terminal => {
            Some("The keyring is locked: unlock it in the prompt of your keyring program")
        }
        Ok(Destination::Keyring) if is_at_terminal && wants_confirmation(context) => {
            Some("Allow access to the keyring in the prompt of your keyring program")
        }
        _ => None,
    };
    let destination = match prompt {
        Some(request) => {
            session.say(request)?;
            let unlocked = context.keyring().unlock();
            unlocked.map(|()| Destination::Keyring)
        }
        None => found,
    };
    let destination = destination.map_err(|why| why.notice())?;
    if destination != Destination::Keyring {
        netrc::can_save(&context.environment)?;
    }
    Ok(destination)
}

fn wants_confirmation(context: &Context) -> bool {
    context
        .keyring()
        .accounts()
        .is_ok_and(|accounts| accounts.locked == Some(Lock::Confirmation))
}

/// A token that was just received, with its authorization if this login created it.
struct Received {
    token: Token,
    authorization: Option<Authorization>,
}

/// The description of the authorization in the dashboard.
fn description(arguments: &Login, context: &Context) -> String {
    let given = arguments.description.clone();
    given.unwrap_or_else(|| default_description(context))
}

fn finish(
    api: &HerokuApi,
    received: Received,
    destination: &Destination,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let token = received.token;
    let created = received.authorization;
    let owner = created.as_ref().and_then(Authorization::account);
    let email = owner_of(&token, owner, api).map_err(|failure| not_accepted(&failure))?;
    let authorization = created
        .clone()
        .or_else(|| api.authorization_of(&token).ok().flatten());
    let known = metadata_of(&token, &email, authorization.as_ref(), api);
    check_scope(&known.scope, arguments, session)?;
    let expires = known.expires;
    let kept = logins::save(
        session.context,
        destination.as_store(),
        &email,
        &token,
        known,
    )
    .map_err(|why| not_stored(api, created.as_ref(), &token, why))?;
    for note in &kept.notes {
        session.warn(note)?;
    }
    report_login(kept.source, &email, session)?;
    if let Some(expires) = expires {
        report_expiry(expires, session)?;
    }
    warn_about_other_programs(kept.source, session)?;
    configure_git(arguments, session)
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
        Ok(_) => Notice::new(
            format!("{} (the new authorization was revoked)", why.what()),
            why.fix(),
        ),
        Err(_) => Notice::new(
            format!("{} (the new authorization is still valid)", why.what()),
            "revoke the authorization: https://dashboard.heroku.com/account/applications",
        ),
    }
}

/// Without `--force`, a token that cannot push is not stored.
fn check_scope(
    scope: &Scopes,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    if scope.may_push() {
        return Ok(());
    }
    let notice = cannot_push(scope);
    if !arguments.force {
        return Err(notice.into());
    }
    session.warn(&notice)
}

fn report_login(
    source: Source,
    account: &Account,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let context = session.context;
    let is_shared = context.keyring().is_shared() && !cli_cannot_read_keyring(context);
    let place = match source {
        Source::Netrc => netrc::location(&context.environment),
        Source::ApiKey | Source::Keyring if is_shared => {
            "the keyring, shared with the Heroku CLI".to_owned()
        }
        Source::ApiKey | Source::Keyring => "the keyring".to_owned(),
    };
    let out = &mut session.streams.output;
    writeln!(out, "Logged in as {account}")?;
    writeln!(out, "The token is stored in {place}")?;
    Ok(())
}

fn report_expiry(expires: Timestamp, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let left = super::report::span(expires.duration_since(session.context.now()));
    let day = expires.strftime("%Y-%m-%d");
    let out = &mut session.streams.output;
    writeln!(out, "The token expires on {day} ({left})")?;
    Ok(())
}

/// Warns if the Heroku CLI does not use this login, or if `HEROKU_API_KEY` hides it.
fn warn_about_other_programs(source: Source, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if source == Source::Keyring {
        if cli_cannot_read_keyring(session.context) {
            session.warn(&Notice::new(
                "the Heroku CLI cannot use this login (without secret-tool it reads only netrc)",
                "install the package libsecret-tools, or log in with --store netrc",
            ))?;
        }
        warn_if_not_shared(session)?;
    }
    if session.context.environment.api_key.is_some() {
        session.warn(&Notice::new(
            "HEROKU_API_KEY is set and takes precedence over this login",
            Fix::command("to use this login", "unset HEROKU_API_KEY"),
        ))?;
    }
    Ok(())
}

/// Warns if the Heroku CLI does not read the keyring that stores this login, as on a Windows without `PasswordVault`.
pub(super) fn warn_if_not_shared(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if session.context.keyring().is_shared() {
        return Ok(());
    }
    session.warn(&Notice::new(
        "the Heroku CLI cannot use this login (this Windows has no PasswordVault)",
        Fix::command("log in with the Heroku CLI too", "heroku login"),
    ))
}

fn not_accepted(failure: &ApiError) -> Notice {
    match failure {
        ApiError::TokenRejected => Notice::new(
            "Heroku rejected the token (revoked, expired or incomplete)",
            Fix::command(
                "create a token and paste all of it",
                "git credential-heroku-rs login",
            ),
        ),
        other => other.notice(),
    }
}

fn cannot_push(scope: &Scopes) -> Notice {
    Notice::new(
        format!("the token cannot push (scope: {scope})"),
        "use a token with the scope global, or log in with --force",
    )
}

/// Configures git if it does not use this helper first: asks on a terminal, else prints the command. Ends with the
/// next command to run.
fn configure_git(arguments: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let git = session.context.git();
    let helpers = match git.helpers_for_heroku() {
        Ok(helpers) => helpers,
        // Without git, the login is for docker or for scripts.
        Err(why) => return session.warn(&why),
    };
    if !helpers.first().is_some_and(Setting::starts_us) {
        // A token on stdin means a script, even if it runs on a terminal. Without an answer git stays as it is.
        let wants_setup = !arguments.with_token
            && terminal::confirm(
                "Configure git to use this helper for Heroku?",
                DefaultAnswer::Yes,
            )
            .unwrap_or(false);
        if !wants_setup {
            let out = &mut session.streams.output;
            writeln!(out, "Next, configure git: git credential-heroku-rs setup")?;
            return Ok(());
        }
        setup::git(Scope::Global, session)?;
        let helpers = git.helpers_for_heroku()?;
        if !helpers.first().is_some_and(Setting::starts_us) {
            // The settings of this repository take precedence, and a warning of the setup says so.
            return Ok(());
        }
    }
    let hint = push_hint(&git);
    Ok(writeln!(session.streams.output, "{hint}")?)
}
