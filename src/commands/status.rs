//! `status`: the accounts on this machine, their tokens, and git's configuration.
//!
//! It repairs two things that the Heroku CLI and git's prompt leave behind: a deleted `login.json`, and a pasted
//! token that is not stored under its email yet.

use jiff::Timestamp;

use super::{Session, ask_heroku, chosen_accounts, metadata_of, rejected, report};
use crate::account::Account;
use crate::cli::Status;
use crate::heroku_api::HerokuApi;
use crate::logins;
use crate::logins::lookup::{Answer, Source, StoredToken};
use crate::notice::{AlreadyReported, Notice};
use crate::token::Token;
use crate::token_metadata::{self, TokenMetadata};

pub(super) fn run(arguments: &Status, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let environment = &context.environment;
    if arguments.unlock {
        let unlocked = context.keyring().unlock();
        unlocked.map_err(|why| why.notice())?;
    }
    if let Some(warning) = token_metadata::FILE.warning(environment) {
        session.warn(&warning)?;
    }
    let (logins, unread) = logins::list(context);
    let logins = logins.into_iter().map(|stored| report::Login {
        stored,
        verdict: None,
        is_active: false,
    });
    let mut accounts: Vec<_> = logins.collect();
    if !arguments.offline {
        check(&mut accounts, session)?;
    }
    let logins = accounts.iter().map(|one| &one.stored);
    match logins::restore_login(context, logins) {
        Ok(Some(account)) => session.say(&format!(
            "Restored login.json, so that the Heroku CLI finds the login of {account}"
        ))?,
        Ok(None) => {}
        // The report is complete without it.
        Err(notice) => session.warn(&notice)?,
    }
    let answer = Answer::to_git(context);
    let served = answer.found.as_ref();
    for one in &mut accounts {
        one.is_active = served.is_some_and(|served| report::is_served(&one.stored, served));
    }
    // The keyring's own order changes.
    accounts.sort_by_key(|one| (!one.is_active, one.stored.account.clone()));
    let problem = problem(&answer, &accounts);
    if let Some(problem) = &problem {
        session.report(problem)?;
    }
    let rejected = accounts.iter().filter(|one| one.is_rejected());
    let rejected: Vec<&Token> = rejected.map(|one| &one.stored.token).collect();
    let chosen_accounts = chosen_accounts(&rejected, context);
    // With a token from another source, no problem was reported.
    let reported = answer.unreadable().filter(|_| served.is_none());
    let report = report::Status {
        accounts,
        unread: &unread,
        reported,
        git: context.git().configuration(),
        chosen_accounts,
    };
    if arguments.json {
        report.write_json(session.streams.output)?;
    } else {
        report.write_text(environment, session.streams.output)?;
    }
    if let Some(served) = served {
        super::login::warn_if_hidden_from_cli(served.source, session)?;
    }
    match problem {
        Some(problem) => Err(AlreadyReported(problem.kind()).into()),
        None => Ok(()),
    }
}

/// Why git gets no token that Heroku accepts, if that is known. It is printed before the report.
fn problem(answer: &Answer, accounts: &[report::Login]) -> Option<Notice> {
    let Some(served) = &answer.found else {
        return Some(answer.explain());
    };
    let mut active = accounts.iter().filter(|one| one.is_active);
    let is_rejected = active.any(report::Login::is_rejected);
    is_rejected.then(|| rejected(served.source, served.account.as_ref()))
}

/// Asks Heroku about each token, which also gives its account. After all tokens have been checked, a pasted token is
/// stored under its account's email, unless that account has another token that may be valid.
fn check(logins: &mut Vec<report::Login>, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let mut pasted = Vec::new();
    for one in &mut *logins {
        let login = &mut one.stored;
        let asked = ask_heroku(&login.token, login.metadata.as_ref(), context);
        if let Ok((account, api)) = &asked {
            let metadata = noted(&login.token, login.metadata.clone(), account, api);
            if let Some(name) = pasted_as(login) {
                let (name, account) = (name.clone(), account.clone());
                pasted.push((name, account, login.token.clone(), metadata.clone()));
            } else {
                if login.source != Source::ApiKey && login.metadata.as_ref() != Some(&metadata) {
                    // Best effort: this metadata is optional.
                    let _ = token_metadata::save(&context.environment, metadata.clone());
                }
                login.account = Some(account.clone());
            }
            login.metadata = Some(metadata);
        }
        one.verdict = Some(asked.map(|(account, _)| account).into());
    }
    for (name, owner, token, metadata) in pasted {
        let is_of = |one: &report::Login, account| {
            let login = &one.stored;
            login.source == Source::Keyring && login.account.as_ref() == Some(account)
        };
        let is_dead = |one: &report::Login| is_of(one, &owner) && one.is_rejected();
        let dead = logins.iter().find(|one| is_dead(one));
        let dead = dead.map(|one| &one.stored.token);
        if !logins::move_to_owner(context, &name, &owner, &token, dead, metadata)? {
            continue;
        }
        session.say(&format!(
            "The token pasted at git's prompt is now stored as the login of {owner}"
        ))?;
        // The owner's item has this token now: before, it had the same one or a dead one.
        logins.retain(|one| !is_of(one, &owner) || !(one.stored.token == token || is_dead(one)));
        for one in logins.iter_mut().filter(|one| is_of(one, &name)) {
            one.stored.account = Some(owner.clone());
        }
    }
    Ok(())
}

/// The name of a login in the keyring that is not an email.
fn pasted_as(login: &StoredToken) -> Option<&Account> {
    let account = login.account.as_ref().filter(|account| !account.is_email());
    account.filter(|_| login.source == Source::Keyring)
}

/// The metadata of a token that Heroku has just accepted. `known` is what was recorded about it before.
pub(super) fn noted(
    token: &Token,
    known: Option<TokenMetadata>,
    owner: &Account,
    api: &HerokuApi,
) -> TokenMetadata {
    // Heroku accepts the token, so an expiry in the past was stored while the clock was wrong.
    let is_known = |metadata: &TokenMetadata| {
        let lives = metadata.expires.is_none_or(|end| end > Timestamp::now());
        metadata.authorization.is_some() && lives
    };
    match known.filter(is_known) {
        Some(noted) => TokenMetadata {
            account: owner.to_string(),
            heroku: Some(api.host().api_name()),
            ..noted
        },
        // A login of the Heroku CLI or a pasted token: its authorization may be in Heroku's list.
        None => {
            let found = api.authorization_of(token).ok().flatten();
            metadata_of(token, owner, found.as_ref(), api)
        }
    }
}
