//! `logout`: revokes a token at Heroku where it is known which one it is, and removes it from here.

use std::io;
use std::time::Duration;

use super::{Session, account_named, api_of, proven};
use crate::account::Account;
use crate::cli::Logout;
use crate::context::Context;
use crate::heroku_api::{ApiError, HerokuApi, Revoked};
use crate::heroku_cli::{self, LoginState};
use crate::logins::lookup::{Answer, Source};
use crate::logins::{self, Login, Unread};
use crate::notice::{AlreadyReported, Command, Fix, Kind, Notice};
use crate::rotation_journal;

const LIMIT: Duration = Duration::from_secs(10);
/// How long a rotation may take that is under way.
const ROTATION_LIMIT: Duration = Duration::from_secs(60);
const DASHBOARD: &str = "revoke it: https://dashboard.heroku.com/account/applications";

pub(super) fn run(arguments: &Logout, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    // A rotation that is under way would put its new token in the place of the one that goes.
    let lock = rotation_journal::lock_if_used(&session.context.environment, ROTATION_LIMIT);
    let _no_rotation = lock.map_err(|why| match why.kind() {
        io::ErrorKind::TimedOut => Notice::new(
            "a rotate is under way, and does not come to its end",
            "wait for it, then run it again",
        ),
        _ => Notice::new(format!("rotations.lock cannot be locked: {why}"), Fix::NONE),
    })?;
    let (logins, unread) = logins::list_with_duplicates(session.context);
    let there: Vec<&Login> = logins
        .iter()
        .filter(|login| login.source != Source::ApiKey)
        .collect();
    let hidden = Unread::hidden_in_keyring(&unread);
    // What a locked keyring holds is neither gone nor the only login.
    let meant = meant(arguments, &there, hidden.is_some(), session.context)
        .map_err(|notice| hidden.cloned().unwrap_or(notice))?;
    let before = served(session.context);
    let mut left = arguments.all && hidden.is_some();
    let mut printed = Ok(());
    for account in &meant {
        for login in there
            .iter()
            .filter(|login| login.account.as_ref() == Some(account))
        {
            let is_revoked = !arguments.keep && revoked(login, session)?;
            left |= !arguments.keep && !is_revoked;
            logins::forget(session.context, login, account)
                .map_err(|why| half_done(account, is_revoked, why))?;
        }
        // Who reads this may have gone: the next account is to be logged out all the same.
        let out = &mut session.streams.output;
        printed = printed.and(writeln!(out, "{account} is logged out of this machine"));
    }
    tell_who_remains(before.as_ref(), session)?;
    printed?;
    if let Some(hidden) = hidden.filter(|_| arguments.all) {
        let what = format!("some logins may be left: {}", hidden.what());
        session.warn(&Notice::new(what, hidden.fix()))?;
    }
    if left {
        return Err(AlreadyReported(Kind::Failed).into());
    }
    Ok(())
}

/// The token is still here, and what was done before that has to be known.
fn half_done(account: &Account, is_revoked: bool, why: Notice) -> Notice {
    if !is_revoked {
        return why;
    }
    let what = format!(
        "the token of {account} is revoked at Heroku, and could not be removed here: {}",
        why.what()
    );
    let finish = Command::new("git credential-heroku-rs logout --keep").arg(account.as_str());
    Notice::new(what, Fix::command("when that is fixed", finish))
}

/// The accounts to log out: all, the one named, the one in use, or the only one if there can be no other.
fn meant(
    arguments: &Logout,
    there: &[&Login],
    may_have_others: bool,
    context: &Context,
) -> Result<Vec<Account>, Notice> {
    let mut accounts: Vec<Account> = there
        .iter()
        .filter_map(|login| login.account.clone())
        .collect();
    accounts.sort();
    accounts.dedup();
    let one = match &arguments.account {
        Some(name) => Some(account_named(name, context)?),
        None => in_use(context),
    };
    match (arguments.all, one, accounts.as_slice()) {
        (true, _, [_, ..]) => Ok(accounts),
        (false, None, [_]) if !may_have_others => Ok(accounts),
        (_, Some(one), _) if accounts.contains(&one) => Ok(vec![one]),
        (false, None, [_, _, ..]) => Err(Notice::new(
            "several accounts are logged in and none is chosen",
            "name one, or give --all: git credential-heroku-rs status lists them",
        )),
        _ => Err(Notice::new(
            "there is no such login on this machine",
            "see who is logged in: git credential-heroku-rs status",
        )
        .of_kind(Kind::NotLoggedIn)),
    }
}

/// The account that `login.json` names.
fn in_use(context: &Context) -> Option<Account> {
    match heroku_cli::login_state(&context.environment) {
        LoginState::Account(account) => Some(account),
        LoginState::Absent | LoginState::Unusable | LoginState::NotTrusted(_) => None,
    }
}

/// The account in whose name git would push just now.
fn served(context: &Context) -> Option<Account> {
    Answer::to_git(context).found?.account
}

/// Where the next push is made in the name of another account, that is worth a line.
fn tell_who_remains(before: Option<&Account>, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match served(session.context) {
        Some(account) if before != Some(&account) => {
            session.say(&format!("{account} is in use from now on"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Revokes a token; says whether nothing is left to do at Heroku.
fn revoked(login: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let known = login.known.as_ref();
    let done = api_of(&login.token, known, LIMIT, session.context)
        .and_then(|api| proven(revoke(&api, login), &api, known))
        // A token that the Heroku which issued it refuses needs no revoking.
        .or_else(|failure| match failure {
            ApiError::TokenRejected => Ok(true),
            failure => Err(failure),
        });
    match done {
        Ok(true) => Ok(true),
        Ok(false) => {
            session.warn(&Notice::new(
                "the token is still valid: which authorization it belongs to cannot be told for sure",
                DASHBOARD,
            ))?;
            Ok(false)
        }
        Err(failure) => {
            session.warn(&Notice::new(
                format!("the token could not be revoked and may still be valid: {failure}"),
                DASHBOARD,
            ))?;
            Ok(false)
        }
    }
}

/// The session goes for the token of a browser login, the authorization for every other. The
/// account's default authorization is its API key, which others use: it is never revoked here.
fn revoke(api: &HerokuApi, login: &Login) -> Result<bool, ApiError> {
    let ended = match api.end_session(&login.token) {
        Err(ApiError::Forbidden(_)) => Revoked::AlreadyGone,
        ended => ended?,
    };
    if ended == Revoked::Done {
        return Ok(true);
    }
    let noted = login
        .known
        .as_ref()
        .and_then(|known| known.authorization.clone());
    let id = match noted {
        Some(id) => Some(id),
        None => api.authorization_of(&login.token)?.map(|found| found.id),
    };
    let Some(id) = id else {
        return Ok(false);
    };
    let default = api.default_authorization(&login.token)?;
    if default.is_some_and(|default| default.id == id) {
        return Ok(false);
    }
    api.revoke(&login.token, &id).map(|_| true)
}
