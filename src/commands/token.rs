//! `token`: prints the token or its metadata for scripts, or asks Heroku whether it is valid.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::{Session, api_of, json, proven, rejected, report, token_of};
use crate::cli::TokenArguments;
use crate::context::Context;
use crate::heroku_api::ApiError;
use crate::logins::lookup::StoredToken;
use crate::notice::Notice;
use crate::terminal;
use crate::token::Verdict;

const ASK_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn run(arguments: &TokenArguments, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let mut login = token_of(arguments.account.as_deref(), context)?;
    if !arguments.json && !arguments.check {
        warn_on_a_terminal(session)?;
        return session.print_token(&login.token);
    }
    let asked = arguments.check.then(|| ask_heroku(&mut login, context));
    if arguments.json {
        if arguments.show_token {
            warn_on_a_terminal(session)?;
        }
        let verdict = asked.as_ref().map(|asked| match asked {
            Ok(()) => Verdict::Accepted,
            Err(ApiError::TokenRejected) => Verdict::Rejected,
            Err(failure) => Verdict::Unknown(failure.to_string()),
        });
        let served = token_of(None, context).ok();
        let printed = PrintedToken {
            account: report::Account::new(&login, verdict, served.as_ref()),
            token: arguments.show_token.then(|| login.token.expose()),
        };
        printed.write(session.streams.output)?;
    }
    match asked {
        None => Ok(()),
        Some(Ok(())) => session.say(&accepted(&login)),
        Some(Err(failure)) => Err(not_valid(&failure, &login).into()),
    }
}

fn warn_on_a_terminal(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if !terminal::is_stdout() {
        return Ok(());
    }
    session.warn(&Notice::new(
        "the token is now on your screen and in its scrollback",
        "to pass it to a program: git credential-heroku-rs exec -- PROGRAM",
    ))
}

/// What `status` reports about a token, and with `--show-token` the token.
#[derive(Serialize)]
struct PrintedToken<'a> {
    #[serde(flatten)]
    account: report::Account,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl PrintedToken<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write_secret_json(self, out)
    }
}

/// Asks Heroku about the token, which also gives its account. A token that has no scope for that is valid.
fn ask_heroku(login: &mut StoredToken, context: &Context) -> Result<(), ApiError> {
    let api = api_of(&login.token, login.metadata.as_ref(), ASK_LIMIT, context)?;
    match proven(api.account(&login.token), &api, login.metadata.as_ref()) {
        Ok(info) => {
            login.account = Some(info.email);
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

fn not_valid(failure: &ApiError, login: &StoredToken) -> Notice {
    match failure {
        ApiError::TokenRejected => rejected(login.source, login.account.as_ref()),
        _ => {
            let notice = failure.notice();
            Notice::new(
                format!("could not check the token: {}", notice.what()),
                notice.fix(),
            )
        }
    }
}
