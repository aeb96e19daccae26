//! `logout`: revokes a token at Heroku where it is ours to revoke, and removes it from here.

use std::time::Duration;

use super::{Session, account_named};
use crate::accounts::{self, Login};
use crate::arguments::Logout;
use crate::credential::Account;
use crate::environment::Environment;
use crate::heroku_cli::{self, LoginState};
use crate::platform_api::{Failure, PlatformApi, Revoked};
use crate::problem::{Kind, Problem, Told};
use crate::sources::Source;

const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn run(arguments: &Logout, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let (logins, unavailable) = accounts::list(session.environment);
    if let Some((_, why)) = unavailable
        .iter()
        .find(|(source, _)| *source == Source::Keychain)
    {
        return Err(why.clone().into());
    }
    let kept: Vec<&Login> = logins
        .iter()
        .filter(|login| login.source == Source::Keychain)
        .collect();
    let mut left = false;
    for account in meant(arguments, &kept, session.environment)? {
        let login = kept
            .iter()
            .find(|login| login.account.as_ref() == Some(&account));
        if let Some(login) = login.filter(|_| !arguments.keep) {
            left |= !revoked(login, session)?;
        }
        accounts::forget(session.environment, &account)?;
        writeln!(
            session.streams.output,
            "{account} is logged out of this machine"
        )?;
    }
    match left {
        false => Ok(()),
        true => Err(Told(Kind::Failed).into()),
    }
}

/// The accounts to log out: all, the one named, the one in use, or the only one.
fn meant(
    arguments: &Logout,
    kept: &[&Login],
    environment: &Environment,
) -> Result<Vec<Account>, Problem> {
    let there: Vec<Account> = kept
        .iter()
        .filter_map(|login| login.account.clone())
        .collect();
    let one = match &arguments.account {
        Some(name) => Some(account_named(name, environment)?),
        None => match heroku_cli::login_state(environment) {
            LoginState::Account(account) => Some(account),
            LoginState::Absent | LoginState::Unusable => None,
        },
    };
    match (arguments.all, one, there.as_slice()) {
        (true, _, [_, ..]) => Ok(there),
        (_, Some(one), _) if there.contains(&one) => Ok(vec![one]),
        (false, None, [only]) => Ok(vec![only.clone()]),
        (false, None, [_, _, ..]) => Err(Problem::new(
            "several accounts are logged in and none is chosen",
            "name one, or give --all: git credential-heroku-rs status lists them",
        )),
        _ => Err(Problem::new(
            "there is no such login in the keychain",
            "see who is logged in: git credential-heroku-rs status",
        )
        .of_kind(Kind::NotLoggedIn)),
    }
}

/// Revokes a token by what we know of it; says whether nothing is left to do at Heroku.
///
/// The session goes for tokens of a browser login, the authorization for all others. The account's
/// default authorization is its API key, which others may use: it is never revoked here.
fn revoked(login: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<bool> {
    let done = PlatformApi::new(session.environment, LIMIT).and_then(|api| revoke(&api, login));
    match done {
        Ok(true) => Ok(true),
        Ok(false) => {
            session.say(
                "The token itself is still valid: which authorization it belongs to is not known here.\n  \
                 revoke it: https://dashboard.heroku.com/account/applications",
            )?;
            Ok(true)
        }
        Err(failure) => {
            session.warn(&Problem::new(
                format!("the token could not be revoked and is still valid: {failure}"),
                "revoke it: https://dashboard.heroku.com/account/applications",
            ))?;
            Ok(false)
        }
    }
}

fn revoke(api: &PlatformApi, login: &Login) -> Result<bool, Failure> {
    let ended = match api.end_session(&login.token) {
        Err(Failure::Forbidden(_)) => Revoked::GoneBefore,
        ended => ended?,
    };
    let id = login
        .known
        .as_ref()
        .and_then(|known| known.authorization.as_deref());
    let Some(id) = id else {
        return Ok(ended == Revoked::Done);
    };
    if api.default_authorization(&login.token)?.as_deref() == Some(id) {
        return Ok(ended == Revoked::Done);
    }
    api.revoke(&login.token, id).map(|_| true)
}
