//! `token`: prints the token or its metadata for scripts, or asks Heroku whether it is valid.

use super::{Session, json, rejected, report, token_of, verdict};
use crate::account::Verdict;
use crate::cli::TokenArguments;
use crate::logins::lookup::StoredToken;
use crate::notice::Notice;
use crate::terminal;

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
    let verdict = arguments
        .check
        .then(|| verdict(&login.token, login.metadata.as_ref(), context));
    if let Some(Verdict::Accepted(Ok(account))) = &verdict {
        login.account = Some(account.clone());
    }
    if arguments.json {
        let served = token_of(None, context).ok();
        let report = report::Login {
            is_active: served.is_some_and(|served| report::is_served(&login, &served)),
            stored: login.clone(),
            verdict: verdict.clone(),
        };
        let token = Some(&login.token).filter(|_| arguments.show_token);
        json::write_with_token(&report.json(), token, session.streams.output)?;
    }
    match verdict {
        None => Ok(()),
        Some(Verdict::Accepted(_)) => session.say(&accepted(&login)),
        Some(Verdict::Rejected) => Err(rejected(login.source, login.account.as_ref()).into()),
        Some(Verdict::Unknown(why)) => Err(why.as_cause_of("could not check the token").into()),
    }
}

fn accepted(login: &StoredToken) -> String {
    let source = login.source;
    match login.account.as_ref().filter(|account| account.is_email()) {
        Some(account) => format!("Heroku accepts the token of {account} in {source}"),
        None => format!("Heroku accepts the token in {source} (its scope hides the account)"),
    }
}
