//! `token`: prints the token or its metadata for scripts, or asks Heroku whether it is valid.

use super::{Session, ask_heroku, json, rejected, report, token_of};
use crate::cli::TokenArguments;
use crate::context::Context;
use crate::heroku_api::ApiError;
use crate::logins::lookup::StoredToken;
use crate::notice::Notice;
use crate::terminal;
use crate::token::Verdict;

pub(super) fn run(arguments: &TokenArguments, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let mut login = token_of(arguments.account.as_deref(), context)?;
    let is_printed = arguments.show_token || !(arguments.json || arguments.check);
    if is_printed && terminal::is_stdout() {
        session.warn(&Notice::new(
            "the token is now on your screen and in its scrollback",
            "to pass it to a program: git credential-heroku-rs exec -- PROGRAM",
        ))?;
    }
    if !arguments.json && !arguments.check {
        return session.print_token(&login.token);
    }
    let asked = arguments.check.then(|| check(&mut login, context));
    if arguments.json {
        let verdict = asked.as_ref().map(|asked| match asked {
            Ok(()) => Verdict::Accepted,
            Err(ApiError::TokenRejected) => Verdict::Rejected,
            Err(failure) => Verdict::Unknown(failure.to_string()),
        });
        let served = token_of(None, context).ok();
        let report = report::Login {
            is_active: served.is_some_and(|served| report::is_served(&login, &served)),
            stored: login.clone(),
            verdict,
        };
        let token = Some(&login.token).filter(|_| arguments.show_token);
        json::write_with_token(&report.json(), token, session.streams.output)?;
    }
    match asked {
        None => Ok(()),
        Some(Ok(())) => session.say(&accepted(&login)),
        Some(Err(ApiError::TokenRejected)) => {
            Err(rejected(login.source, login.account.as_ref()).into())
        }
        Some(Err(failure)) => {
            let why = failure.notice();
            Err(why.as_cause_of("could not check the token").into())
        }
    }
}

/// Asks Heroku about the token, which also gives its account. A token that has no scope for that is valid.
fn check(login: &mut StoredToken, context: &Context) -> Result<(), ApiError> {
    match ask_heroku(&login.token, login.metadata.as_ref(), context) {
        Ok((account, _)) => {
            login.account = Some(account);
            Ok(())
        }
        Err(ApiError::Forbidden(_) | ApiError::Suspended | ApiError::Delinquent) => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn accepted(login: &StoredToken) -> String {
    let source = login.source;
    match login.account.as_ref().filter(|account| account.is_email()) {
        Some(account) => format!("Heroku accepts the token of {account} in {source}"),
        None => format!("Heroku accepts the token in {source} (its scope hides the account)"),
    }
}
