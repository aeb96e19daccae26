//! The Heroku CLI's browser login.

use std::time::{Duration, Instant};

use super::{Created, Received, Session, description};
use crate::cli::Login;
use crate::commands::other_heroku;
use crate::heroku_api::HerokuApi;
use crate::notice::{Fix, Notice};
use crate::terminal;

/// The same as in the Heroku CLI.
const LIMIT: Duration = Duration::from_secs(600);

pub(super) fn wait(
    api: &HerokuApi,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Received> {
    // The login service gives out tokens of heroku.com.
    if other_heroku(session.context).is_some() {
        let log_in = Fix::command("log in with a token", "git credential-heroku-rs login");
        return Err(Notice::new(
            "the browser login works only with heroku.com, and HEROKU_HOST is set",
            log_in.or("unset HEROKU_HOST"),
        )
        .into());
    }
    if let Some(place) = session.context.environment.away {
        session.warn(&Notice::new(
            format!("in {place} this login usually fails with \"IP address mismatch\""),
            "log in with a token instead: git credential-heroku-rs login",
        ))?;
    }
    let description = description(arguments, session.context);
    let login = api.start_browser_login(&description)?;
    session.say(&format!(
        "Open this page in your browser:\n  {}",
        login.page()
    ))?;
    if !arguments.no_open {
        terminal::open_page(login.page(), &session.context.environment);
    }
    session.say("Waiting up to 10 minutes for the login in your browser (Ctrl-C to cancel)")?;
    let _progress = terminal::Progress::start("waiting", &session.context.environment);
    let token = api.await_browser_login(&login, Instant::now() + LIMIT)?;
    Ok(Received {
        token,
        created: Created::Session,
    })
}
