//! `login`: a token from a person, a pipe, a password or the browser, checked and kept.
//!
//! However it comes, it ends in `finish`: ask Heroku whose it is, keep it, say where and until
//! when, and offer to set git up.

use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::Session;
use crate::accounts;
use crate::arguments::Login;
use crate::credential::Token;
use crate::environment::Environment;
use crate::git_config::{self, Setting};
use crate::known_authorizations::Known;
use crate::platform_api::{AccountInfo, Authorization, Failure, Fit, PlatformApi};
use crate::problem::Problem;

mod browser;
mod password;
mod paste;

const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn run(arguments: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let api = PlatformApi::new(session.environment, LIMIT).map_err(|failure| failure.problem())?;
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

/// A token that somebody has given us, and its authorization where we made it ourselves.
struct Got {
    token: Token,
    authorization: Option<Authorization>,
}

/// How Heroku's dashboard is to call an authorization of ours.
fn description(arguments: &Login, environment: &Environment) -> String {
    let usual = || match environment.host_name.as_str() {
        "" => "git-credential-heroku-rs login".to_owned(),
        host => format!("git-credential-heroku-rs login from {host}"),
    };
    arguments.description.clone().unwrap_or_else(usual)
}

fn finish(
    api: &PlatformApi,
    got: Got,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let info = api
        .account(&got.token)
        .map_err(|failure| refused(&failure))?;
    let authorization = got.authorization.or_else(|| found(api, &got.token));
    let known = known(&info, &got.token, authorization.as_ref());
    if !may_push(&known.scope) && !arguments.force {
        return Err(weak(&known.scope).into());
    }
    let notes = accounts::keep(session.environment, &info.email, &got.token, known.clone())?;
    for note in &notes {
        session.warn(note)?;
    }
    let out = &mut session.streams.output;
    writeln!(
        out,
        "Logged in as {}: the token is in the keychain, for git and for the Heroku CLI",
        info.email
    )?;
    if let Some(expires) = known.expires {
        let left = expires.duration_since(Timestamp::now());
        let day = expires.strftime("%Y-%m-%d");
        writeln!(out, "It ends on {day}, {}", super::report::span(left))?;
    }
    if session.environment.api_key.is_some() {
        session.warn(&Problem::new(
            "HEROKU_API_KEY is set, and goes before this login",
            "run: unset HEROKU_API_KEY",
        ))?;
    }
    offer_setup(session)
}

fn refused(failure: &Failure) -> Problem {
    match failure {
        Failure::Refused => Problem::new(
            "Heroku refuses this token: it is revoked, expired, or not whole",
            "make a new one and paste all of it: git credential-heroku-rs login",
        ),
        other => other.problem(),
    }
}

/// The authorization of a token that we did not make ourselves, where Heroku lets us find it: its
/// list shows tokens in part, and two that fit are none.
fn found(api: &PlatformApi, token: &Token) -> Option<Authorization> {
    let mut fitting: Vec<(Fit, Authorization)> = api
        .authorizations(token)
        .ok()?
        .into_iter()
        .map(|authorization| (authorization.fit(token), authorization))
        .filter(|(fit, _)| *fit != Fit::No)
        .collect();
    if let Some(whole) = fitting.iter().position(|(fit, _)| *fit == Fit::Whole) {
        return Some(fitting.swap_remove(whole).1);
    }
    let only = fitting.pop().map(|(_, authorization)| authorization);
    only.filter(|_| fitting.is_empty())
}

fn known(info: &AccountInfo, token: &Token, authorization: Option<&Authorization>) -> Known {
    let base = Known {
        checked: Some(Timestamp::now()),
        ..Known::new(&info.email, token)
    };
    let Some(authorization) = authorization else {
        return base;
    };
    Known {
        authorization: Some(authorization.id.clone()),
        made_here: authorization.token.is_some(),
        description: authorization.description.clone(),
        scope: authorization.scope.clone(),
        created: authorization.created,
        expires: authorization.expires,
        ..base
    }
}

/// Whether a token of these scopes may push, as far as is known: which of the writing scopes do is
/// Heroku's secret, so that only those which surely do not are refused.
fn may_push(scope: &[String]) -> bool {
    let reads_only =
        |scope: &String| ["identity", "read", "read-protected"].contains(&scope.as_str());
    scope.is_empty() || !scope.iter().all(reads_only)
}

fn weak(scope: &[String]) -> Problem {
    Problem::new(
        format!("this token may not push: its scope is {}", scope.join(", ")),
        "make one with the scope global, or keep this one all the same: --force",
    )
}

/// Offers `setup` where git asks somebody else first, or nobody.
fn offer_setup(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let helpers = git_config::helpers_for_heroku();
    let set_up = helpers.is_ok_and(|helpers| helpers.first().is_some_and(Setting::is_ours));
    if !set_up {
        session.say("git does not ask heroku-rs yet. Run: git credential-heroku-rs setup")?;
    }
    Ok(())
}
