//! A token from the dashboard, pasted or piped. This works with MFA, and without a browser on this machine.

use std::io::{ErrorKind, Read};

use zeroize::Zeroizing;

use super::{Received, Session, description};
use crate::cli::Login;
use crate::commands::prompt;
use crate::context::Context;
use crate::logins::Destination;
use crate::netrc;
use crate::notice::{Fix, Kind, Notice};
use crate::terminal;
use crate::token::Token;

/// The dashboard's page to create an authorization.
const PAGE: &str = "https://dashboard.heroku.com/account/applications/authorizations/new";

/// More than any token with white space around it.
const LONGEST_INPUT: usize = 4096;

/// The size of the buffer of Rust's `Stdin`, which is never wiped. A read of at least this size bypasses it.
const STDIN_BUFFER: usize = 8 * 1024;

/// Reads the token from stdin, to its end.
pub(super) fn from_stdin(session: &mut Session<'_, '_>) -> anyhow::Result<Received> {
    let mut text = Zeroizing::new([0; LONGEST_INPUT + STDIN_BUFFER]);
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
    parse(text, "the input on stdin")
}

/// Shows how to create a token and where it will be stored, and reads it without echo.
pub(super) fn ask(
    destination: &Destination,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Received> {
    if !terminal::is_available() {
        return Err(no_terminal().into());
    }
    let description = description(arguments, session.context);
    session.say(&format!("1. Create a token on this page:\n   {PAGE}"))?;
    session.say(&format!("   Description: {description}"))?;
    session.say("   Expires after: for example 2592000 (30 days), or empty for no expiration")?;
    session.say("2. Paste the token below (the input is hidden).")?;
    session.say(&storage_note(destination, session.context))?;
    if arguments.open {
        terminal::open_page(PAGE, &session.context.environment);
    }
    let text = terminal::hidden(&prompt("Token", session.context)).map_err(Notice::from)?;
    parse(&text, "the pasted text")
}

/// Where the token will be stored, and without a keyring how to avoid plain text.
fn storage_note(destination: &Destination, context: &Context) -> String {
    let netrc = netrc::location(&context.environment);
    match destination {
        Destination::Keyring => {
            "   The token will be stored in the keyring, shared with the Heroku CLI.".to_owned()
        }
        Destination::Netrc => format!("   The token will be stored in {netrc}."),
        Destination::NetrcInsteadOfKeyring(why) => format!(
            "   The token will be stored in {netrc}\n   ({}).\n   \
             To avoid plain text, press Ctrl-C and set HEROKU_API_KEY instead\n   \
             (for example a Codespaces secret or a CI variable).",
            why.what()
        ),
    }
}

fn no_terminal() -> Notice {
    Notice::new(
        "not running in a terminal",
        "pipe the token in: printenv TOKEN | git credential-heroku-rs login --with-token",
    )
    .of_kind(Kind::Usage)
}

fn parse(text: &str, place: &str) -> anyhow::Result<Received> {
    let token = Token::parse(text).map_err(|why| {
        Notice::new(
            format!("{place} is not a Heroku token: {why}"),
            Fix::advice(format!("create one: {PAGE}")),
        )
    })?;
    Ok(Received {
        token,
        authorization: None,
    })
}
