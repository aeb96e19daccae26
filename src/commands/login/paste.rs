//! A token from the dashboard, pasted or piped. This works with MFA, and without a browser on this machine.

use std::io::ErrorKind;

use super::{Created, Received, Session, description, place};
use crate::cli::Login;
use crate::commands::prompt;
use crate::context::Context;
use crate::logins::Destination;
use crate::notice::{Fix, Notice};
use crate::secret_buf::SecretBuf;
use crate::terminal;
use crate::token::{NotAToken, Token};

/// The dashboard's page to create an authorization.
const PAGE: &str = "https://dashboard.heroku.com/account/applications/authorizations/new";

/// Far more than any token with white space around it.
const LARGEST_INPUT: usize = 16 * 1024;

/// Reads the token from stdin, to its end.
pub(super) fn from_stdin(session: &mut Session<'_, '_>) -> anyhow::Result<Received> {
    let token = match SecretBuf::read_all(&mut session.streams.input, LARGEST_INPUT) {
        Ok(input) => Token::from_bytes(input.to_vec()),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(NotAToken::Length),
        Err(error) => return Err(error.into()),
    };
    received(token, "the input on stdin")
}

/// Shows how to create a token and where it will be stored, and reads it without echo.
pub(super) fn ask(
    destination: &Destination,
    arguments: &Login,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Received> {
    terminal::check().map_err(Notice::from)?;
    session.say(&format!(
        "1. Create a token on this page:\n   {PAGE}\n   Description: {}\n   \
         Expires after: for example 2592000 (30 days), or empty for no expiration\n\
         2. Paste the token below (the input is hidden).\n   {}",
        description(arguments, session.context),
        storage_note(destination, session.context)
    ))?;
    if arguments.open {
        terminal::open_page(PAGE, &session.context.environment);
    }
    let text = terminal::hidden(&prompt("Token", session.context)).map_err(Notice::from)?;
    received(Token::parse(&text), "the pasted text")
}

/// Where the token will be stored, and without a keyring how to avoid plain text.
fn storage_note(destination: &Destination, context: &Context) -> String {
    let place = place(destination.source, context);
    match &destination.no_keyring {
        None => format!("The token will be stored in {place}."),
        Some(why) => format!(
            "The token will be stored in {place}\n   ({}).\n   \
             To avoid plain text, press Ctrl-C and set HEROKU_API_KEY instead\n   \
             (for example a Codespaces secret or a CI variable).",
            why.what()
        ),
    }
}

fn received(token: Result<Token, NotAToken>, place: &str) -> anyhow::Result<Received> {
    let token = token.map_err(|why| {
        Notice::new(
            format!("{place} is not a Heroku token: {why}"),
            Fix::advice(format!("create one: {PAGE}")),
        )
    })?;
    Ok(Received {
        token,
        created: Created::Nothing,
    })
}
