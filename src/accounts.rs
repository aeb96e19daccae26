//! Keep, forget, switch, list: the one room that writes, and that knows in which order.
//!
//! The keyring item comes first and is read back; then `login.json`, which must never point to
//! nothing; then our own notes, whose loss costs only hints. What fails after the token is safe is
//! told and stops nothing.

use std::io;

use crate::credential::{Account, Token};
use crate::environment::Environment;
use crate::heroku_cli::{self, LoginState};
use crate::hosts::{HerokuHost, Service};
use crate::keychain::Keychain;
use crate::known_authorizations::{self, Known};
use crate::netrc::Netrc;
use crate::problem::Problem;
use crate::sources::Source;

/// Keeps a token under an account's name, without asking Heroku whose it is.
///
/// `login.json` stays as it is: it names accounts that Heroku has confirmed, and no other.
///
/// # Errors
/// Why the keychain could not take it.
pub fn keep_unchecked(
    environment: &Environment,
    account: &Account,
    token: &Token,
) -> Result<(), Problem> {
    let kept = Keychain::new(environment).keep(account, token);
    kept.map_err(|why| why.problem())
}

/// Keeps a checked token, makes its account the one in use, and notes what is known about it.
///
/// Returns what went wrong beside that: the token is safe, and something else was not written.
///
/// # Errors
/// Why the keychain could not take it. Then nothing has changed.
pub fn keep(
    environment: &Environment,
    account: &Account,
    token: &Token,
    known: Known,
) -> Result<Vec<Problem>, Problem> {
    keep_unchecked(environment, account, token)?;
    let mut notes = Vec::new();
    if let Err(why) = heroku_cli::set_login(environment, account) {
        notes.push(unwritten("the account in use", &why));
    }
    if let Err(why) = known_authorizations::remember(environment, known) {
        notes.push(unwritten("the token's expiry", &why));
    }
    let renamed = forget_in_keychain(environment, &Account::unnamed(), Some(token));
    notes.extend(renamed.err());
    Ok(notes)
}

fn unwritten(what: &str, why: &io::Error) -> Problem {
    Problem::new(
        format!("{what} was not noted: {why}"),
        "mend that, then run: git credential-heroku-rs status",
    )
}

/// Removes a token that Heroku refuses, and nothing that has come in its place meanwhile.
///
/// `login.json` stays: were it gone, another account on this machine would become the only one,
/// and the next push would be made in its name.
///
/// # Errors
/// Why the keychain still has it.
pub fn forget_dead(
    environment: &Environment,
    account: &Account,
    token: &Token,
) -> Result<(), Problem> {
    forget_in_keychain(environment, account, Some(token))?;
    // Notes about a token that is gone mislead nobody: its fingerprint is looked up by no one.
    let _ = known_authorizations::forget(environment, account);
    Ok(())
}

/// Logs an account out of this machine: its item, `login.json` where it names it, our notes.
///
/// Says whether there was anything to remove.
///
/// # Errors
/// What could not be removed. The rest is gone.
pub fn forget(environment: &Environment, account: &Account) -> Result<bool, Problem> {
    let items = forget_in_keychain(environment, account, None);
    let pointer = heroku_cli::clear_login(environment, account);
    let notes = known_authorizations::forget(environment, account);
    let removed = items? > 0;
    let cleared = pointer.map_err(|why| {
        Problem::new(
            format!("login.json could not be removed: {why}"),
            "remove it by hand",
        )
    })?;
    notes.map_err(|why| unwritten("that the account is gone", &why))?;
    Ok(removed || cleared)
}

fn forget_in_keychain(
    environment: &Environment,
    account: &Account,
    only: Option<&Token>,
) -> Result<usize, Problem> {
    let forgotten = Keychain::new(environment).forget(account, only);
    forgotten.map_err(|why| why.problem())
}

/// Makes an account that has a token here the one in use; says whether it was another before.
///
/// # Errors
/// That there is no token of this account, that the keychain could not be asked, or that
/// `login.json` could not be written.
pub fn switch(environment: &Environment, account: &Account) -> Result<bool, Problem> {
    let item = Keychain::new(environment).item(account);
    if item.map_err(|why| why.problem())?.is_none() {
        return Err(Problem::new(
            format!("the keychain has no token of {account}"),
            "see who is logged in: git credential-heroku-rs status",
        ));
    }
    if !account.is_email() {
        return Err(Problem::new(
            format!("whose token lies under the name {account} is not known yet"),
            "find out: git credential-heroku-rs status",
        ));
    }
    heroku_cli::set_login(environment, account).map_err(|why| {
        Problem::new(
            format!("login.json could not be written: {why}"),
            "mend that, then run it again",
        )
    })
}

/// Where the Heroku CLI has dropped `login.json`, names the only account in the keychain again.
///
/// Gives that account, where anything was written.
///
/// # Errors
/// That `login.json` could not be written.
pub fn restore_login(
    environment: &Environment,
    logins: &[Login],
) -> Result<Option<Account>, Problem> {
    if matches!(heroku_cli::login_state(environment), LoginState::Account(_)) {
        return Ok(None);
    }
    let mut named = logins
        .iter()
        .filter(|login| login.source == Source::Keychain)
        .filter_map(|login| login.account.clone())
        .filter(Account::is_email);
    match (named.next(), named.next()) {
        (Some(only), None) => switch(environment, &only).map(|changed| changed.then_some(only)),
        _ => Ok(None),
    }
}

/// A token on this machine.
#[derive(Debug)]
pub struct Login {
    /// Whose it is, where that is known.
    pub account: Option<Account>,
    /// The token.
    pub token: Token,
    /// Where it lies.
    pub source: Source,
    /// What we have noted about it.
    pub known: Option<Known>,
}

/// Every token on this machine, and the sources that could not be asked.
///
/// Unlike [`crate::sources::find`] it asks them all, and leaves out none that has ended.
pub fn list(environment: &Environment) -> (Vec<Login>, Vec<(Source, Problem)>) {
    let mut logins = Vec::new();
    let mut unavailable = Vec::new();
    let mut found = |account, token: Token, source| {
        let known = known_authorizations::about(environment, &token);
        logins.push(Login {
            account,
            token,
            source,
            known,
        });
    };
    match &environment.api_key {
        Some(Ok(token)) => found(None, token.clone(), Source::ApiKey),
        Some(Err(why)) => {
            let what = format!("HEROKU_API_KEY is not used: {why}");
            unavailable.push((
                Source::ApiKey,
                Problem::new(what, "run: unset HEROKU_API_KEY"),
            ));
        }
        None => {}
    }
    match Keychain::new(environment).items() {
        Ok(listing) => listing
            .items
            .into_iter()
            .for_each(|item| found(Some(item.account), item.token, Source::Keychain)),
        Err(why) => unavailable.push((Source::Keychain, why.problem())),
    }
    let entry = Netrc::read(environment).and_then(|netrc| {
        netrc.map_or(Ok(None), |netrc| {
            netrc.entry_for(&HerokuHost::production(Service::Git), None)
        })
    });
    match entry {
        Ok(Some(entry)) => found(entry.account, entry.token, Source::Netrc),
        Ok(None) => {}
        Err(why) => unavailable.push((Source::Netrc, why.problem())),
    }
    (logins, unavailable)
}
