//! The Heroku CLI's browser login.

use std::time::{Duration, Instant};

use super::{Got, Session, description};
use crate::cli::Login;
use crate::heroku_api::HerokuApi;
use crate::terminal;

/// As long as the Heroku CLI waits.
const LIMIT: Duration = Duration::from_secs(600);

pub(super) fn wait(
    api: &HerokuApi,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Got> {
    if let Some(place) = session.context.environment.place.away() {
        session.say(&format!(
            "In {place} this login usually fails with \"IP address mismatch\": Heroku wants your browser \
             and this machine to have one address.\nA token works: git credential-heroku-rs login"
        ))?;
    }
    let description = description(arguments, session.context);
    let login = api.start_browser_login(&description)?;
    session.say(&format!("Open in your browser: {}", login.page()))?;
    if !arguments.no_open {
        terminal::open_page(login.page(), &session.context.environment);
    }
    session.say("Waiting for you to log in there (Ctrl-C ends it) …")?;
    let _sign_of_life = terminal::Spinner::start("waiting", &session.context.environment);
    let token = api.await_browser_login(&login, Instant::now() + LIMIT)?;
    Ok(Got {
        token,
        authorization: None,
    })
}
