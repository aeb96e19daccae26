//! A token from the dashboard, pasted or piped: works with MFA on, without a browser here.

use std::io::{ErrorKind, Read};

use zeroize::Zeroizing;

use super::{Got, Session, description};
use crate::cli::Login;
use crate::commands::question;
use crate::notice::{Fix, Kind, Notice};
use crate::terminal;
use crate::token::Token;

/// The dashboard's page on which authorizations are made.
const PAGE: &str = "https://dashboard.heroku.com/account/applications/authorizations/new";

/// More than any token and the blanks around it.
const LONGEST_INPUT: usize = 4096;

/// Rust's `Stdin` reads ahead into a buffer that nobody wipes, but for a read that is as large as
/// that buffer: this one goes straight to its place.
const PAST_STDINS_BUFFER: usize = 8 * 1024;

/// Reads the token from stdin, to its end.
pub(super) fn from_stdin(session: &mut Session<'_, '_>) -> anyhow::Result<Got> {
    let mut text = Zeroizing::new([0; LONGEST_INPUT + PAST_STDINS_BUFFER]);
    let mut length = 0;
    while length < LONGEST_INPUT {
        match session.streams.input.read(&mut text[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let text = std::str::from_utf8(&text[..length]).unwrap_or("\u{0}");
    Ok(got(text, "stdin")?)
}

/// Says how to make a token, and reads it without showing it.
pub(super) fn ask(arguments: &Login, session: &mut Session<'_, '_>) -> anyhow::Result<Got> {
    if !terminal::is_available() {
        return Err(no_terminal().into());
    }
    if let Some(place) = session.context.environment.place.away() {
        session.say(&format!(
            "In {place} a token is the way that works: the browser login fails there (\"IP address mismatch\")."
        ))?;
    }
    let description = description(arguments, session.context);
    session.say(&format!("Make a token: {PAGE}"))?;
    session.say(&format!(
        "  description: {description}; expires: as you like, 30 days is 2592000"
    ))?;
    session.say("Paste it here; it is not shown. It is kept in the keyring, for git and for the Heroku CLI.")?;
    if arguments.open {
        terminal::open_page(PAGE, &session.context.environment);
    }
    let text = terminal::hidden(&question("Token", session.context)).map_err(Notice::from)?;
    Ok(got(&text, "your paste")?)
}

fn no_terminal() -> Notice {
    Notice::new(
        "there is no terminal to ask for a token on",
        "pipe it in: printenv HEROKU_TOKEN | git credential-heroku-rs login --with-token",
    )
    .of_kind(Kind::Usage)
}

fn got(text: &str, place: &str) -> Result<Got, Notice> {
    let token = Token::parse(text).map_err(|why| {
        Notice::new(
            format!("there is no Heroku token in {place}: {why}"),
            Fix::advice(format!("create one: {PAGE}")),
        )
    })?;
    Ok(Got {
        token,
        authorization: None,
    })
}
