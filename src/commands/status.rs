//! `status`: the accounts on this machine, their tokens, and git's configuration.
//!
//! It repairs two things that the Heroku CLI and git's prompt leave behind: a deleted `login.json`, and a pasted
//! token that is not stored under its email yet.

use std::time::Duration;

use jiff::Timestamp;

use super::{Session, api_of, metadata_of, proven, rejected, report};
use crate::account::Account;
use crate::cli::Status;
use crate::heroku_api::{ApiError, HerokuApi};
use crate::logins;
use crate::logins::lookup::{Answer, Source, StoredToken};
use crate::notice::{AlreadyReported, Notice};
use crate::token::{Token, Verdict};
use crate::token_metadata::{self, TokenMetadata};

const ASK_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn run(arguments: &Status, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if arguments.unlock {
        let unlocked = session.context.keyring().unlock();
        unlocked.map_err(|why| why.notice())?;
    }
    if let Some(warning) = token_metadata::FILE.warning(&session.context.environment) {
        session.warn(&warning)?;
    }
    let (mut logins, unread) = logins::list(session.context);
    let verdicts: Vec<_> = if arguments.offline {
        vec![None; logins.len()]
    } else {
        let verdicts = ask_heroku(&mut logins, session)?;
        verdicts.into_iter().map(Some).collect()
    };
    match logins::restore_login(session.context, &logins, &unread) {
        Ok(Some(account)) => session.say(&format!(
            "Restored login.json, so that the Heroku CLI finds the login of {account}"
        ))?,
        Ok(None) => {}
        // The report is complete without it.
        Err(notice) => session.warn(&notice)?,
    }
    let answer = Answer::to_git(session.context);
    let problem = problem(&answer, &logins, &verdicts);
    if let Some(problem) = &problem {
        session.report(problem)?;
    }
    let mut accounts: Vec<_> = logins
        .iter()
        .zip(verdicts)
        .map(|(login, verdict)| report::Account::new(login, verdict, answer.found.as_ref()))
        .collect();
    accounts.sort_by(|one, other| one.order().cmp(&other.order()));
    // With a token from another source, no problem was reported.
    let reported = answer.unreadable().filter(|_| answer.found.is_none());
    let report = report::Status {
        accounts,
        unread: &unread,
        reported,
        git: report::Git::read(&session.context.git()),
    };
    if arguments.json {
        report.write_json(session.streams.output)?;
    } else {
        report.write_text(&session.context.environment, session.streams.output)?;
    }
    if answer
        .found
        .as_ref()
        .is_some_and(|found| found.source == Source::Keyring)
    {
        super::login::warn_if_not_shared(session)?;
    }
    match problem {
        Some(problem) => Err(AlreadyReported(problem.kind()).into()),
        None => Ok(()),
    }
}

/// Why git gets no token that Heroku accepts, if that is known. It is printed before the report.
fn problem(
    answer: &Answer,
    logins: &[StoredToken],
    verdicts: &[Option<Verdict>],
) -> Option<Notice> {
    let Some(served) = &answer.found else {
        return Some(answer.explain());
    };
    let is_rejected = logins.iter().zip(verdicts).any(|(login, verdict)| {
        report::is_served(login, served) && *verdict == Some(Verdict::Rejected)
    });
    is_rejected.then(|| rejected(served.source, served.account.as_ref()))
}

/// Asks Heroku about each token, which also gives its account. A pasted token is stored under its account's email
/// after all tokens have been checked.
fn ask_heroku(
    logins: &mut [StoredToken],
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Vec<Verdict>> {
    let mut verdicts = Vec::with_capacity(logins.len());
    let mut pasted = Vec::new();
    for (at, login) in logins.iter_mut().enumerate() {
        let api = match api_of(
            &login.token,
            login.metadata.as_ref(),
            ASK_LIMIT,
            session.context,
        ) {
            Ok(api) => api,
            Err(failure) => {
                verdicts.push(Verdict::Unknown(failure.notice().what().to_owned()));
                continue;
            }
        };
        let asked = api.account(&login.token);
        let verdict = match proven(asked, &api, login.metadata.as_ref()) {
            Ok(info) if is_pasted(login) => {
                pasted.push((at, info.email, api));
                Verdict::Accepted
            }
            Ok(info) => {
                let metadata = noted(login, &info.email, &api);
                if login.source != Source::ApiKey && login.metadata.as_ref() != Some(&metadata) {
                    // Best effort: this metadata is optional.
                    let _ = token_metadata::save(&session.context.environment, metadata.clone());
                }
                login.metadata = Some(metadata);
                login.account = Some(info.email);
                Verdict::Accepted
            }
            Err(ApiError::TokenRejected) => Verdict::Rejected,
            Err(failure) => Verdict::Unknown(failure.notice().what().to_owned()),
        };
        verdicts.push(verdict);
    }
    for (at, owner, api) in pasted {
        let dead = dead_token_of(&owner, logins, &verdicts);
        name_pasted(&mut logins[at], owner, dead.as_ref(), &api, session)?;
    }
    Ok(verdicts)
}

/// Whether the login is in the keyring, but not under an email.
fn is_pasted(login: &StoredToken) -> bool {
    let account = login.account.as_ref();
    login.source == Source::Keyring && account.is_some_and(|account| !account.is_email())
}

/// The token of this account in the keyring, if Heroku rejects it.
fn dead_token_of(owner: &Account, logins: &[StoredToken], verdicts: &[Verdict]) -> Option<Token> {
    let asked = logins.iter().zip(verdicts);
    let dead = asked.filter(|(_, verdict)| **verdict == Verdict::Rejected);
    dead.map(|(login, _)| login)
        .find(|login| login.source == Source::Keyring && login.account.as_ref() == Some(owner))
        .map(|login| login.token.clone())
}

/// The metadata of a token that Heroku has just accepted.
fn noted(login: &StoredToken, owner: &Account, api: &HerokuApi) -> TokenMetadata {
    // Heroku accepts the token, so an expiry in the past was stored while the clock was wrong.
    let lives =
        |metadata: &TokenMetadata| metadata.expires.is_none_or(|end| end > Timestamp::now());
    let noted = login
        .metadata
        .clone()
        .filter(|metadata| metadata.authorization.is_some() && lives(metadata));
    match noted {
        Some(noted) => TokenMetadata {
            account: owner.to_string(),
            heroku: Some(api.host().api_name()),
            ..noted
        },
        // A login of the Heroku CLI or a pasted token: its authorization may be in Heroku's list.
        None => {
            let found = api.authorization_of(&login.token).ok().flatten();
            metadata_of(&login.token, owner, found.as_ref(), api)
        }
    }
}

/// Stores a pasted token under its account's email, unless that account has another token that may be valid.
fn name_pasted(
    login: &mut StoredToken,
    owner: Account,
    dead: Option<&Token>,
    api: &HerokuApi,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let context = session.context;
    let metadata = noted(login, &owner, api);
    login.metadata = Some(metadata.clone());
    let Some(from) = &login.account else {
        return Ok(());
    };
    if logins::move_to_owner(context, from, &owner, &login.token, dead, metadata)? {
        session.say(&format!(
            "The token pasted at git's prompt is now stored as the login of {owner}"
        ))?;
        login.account = Some(owner);
    }
    Ok(())
}
