//! `token`: prints the token for scripts, tells what is known of it, or asks Heroku whether it is
//! good.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::{Session, api_of, json, login_of, objection, proven, report, token_of};
use crate::cli::TokenArguments;
use crate::context::Context;
use crate::heroku_api::ApiError;
use crate::logins::Login;
use crate::logins::lookup::Source;
use crate::notice::Notice;
use crate::terminal;
use crate::token::Verdict;

const ASK_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn run(arguments: &TokenArguments, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let context = session.context;
    let found = token_of(arguments.account.as_deref(), context)?;
    if !arguments.json && !arguments.check {
        warn_on_a_terminal(session)?;
        return session.hand_out(&found.token);
    }
    let mut login = login_of(found);
    let asked = arguments.check.then(|| ask_heroku(&mut login, context));
    if arguments.json {
        if arguments.show_token {
            warn_on_a_terminal(session)?;
        }
        let verdict = asked.as_ref().map(|asked| match asked {
            Ok(()) => Verdict::Alive,
            Err(ApiError::TokenRejected) => Verdict::Dead,
            Err(failure) => Verdict::Unknown(failure.to_string()),
        });
        let in_use = token_of(None, context).ok();
        let printed = PrintedToken {
            account: report::Account::new(&login, verdict, in_use.as_ref()),
            token: arguments.show_token.then(|| login.token.expose()),
        };
        printed.write(session.streams.output)?;
    }
    match asked {
        None => Ok(()),
        Some(Ok(())) => session.say(&format!("Heroku takes the token of {}", named(&login))),
        Some(Err(failure)) => Err(not_good(&failure, login.source).into()),
    }
}

fn warn_on_a_terminal(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    if !terminal::is_stdout() {
        return Ok(());
    }
    session.warn(&Notice::new(
        "the token now stands on your screen and in its scroll-back",
        "for a program, rather: git credential-heroku-rs exec -- PROGRAM",
    ))
}

/// What `status` tells of a token, and the token itself where it was asked for.
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

/// Asks Heroku about the token, which tells whose it is too. That it may not tell that is no
/// refusal of the token.
fn ask_heroku(login: &mut Login, context: &Context) -> Result<(), ApiError> {
    let api = api_of(&login.token, login.known.as_ref(), ASK_LIMIT, context)?;
    match proven(api.account(&login.token), &api, login.known.as_ref()) {
        Ok(info) => {
            login.account = Some(info.email);
            Ok(())
        }
        Err(ApiError::Forbidden(_) | ApiError::Suspended | ApiError::Delinquent) => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn named(login: &Login) -> String {
    match login.account.as_ref().filter(|account| account.is_email()) {
        Some(account) => format!("{account}, from {}", login.source),
        None => format!("an account that it may not tell, from {}", login.source),
    }
}

fn not_good(failure: &ApiError, source: Source) -> Notice {
    let notice = objection(failure, source);
    match failure {
        ApiError::TokenRejected => notice,
        _ => Notice::new(
            format!("whether the token is good is unknown: {}", notice.what()),
            notice.fix(),
        ),
    }
}
