//! `token`: prints the token, for scripts.

use std::io::Write;

use super::{Session, token_of};
use crate::arguments::TokenArguments;
use crate::problem::Problem;
use crate::terminal;

pub(super) fn run(arguments: &TokenArguments, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let found = token_of(arguments.account.as_deref(), session.environment)?;
    if terminal::is_stdout() {
        session.warn(&Problem::new(
            "the token now stands on your screen and in its scroll-back",
            "for a program, rather: git credential-heroku-rs exec -- PROGRAM",
        ))?;
    }
    let out = &mut session.streams.output;
    out.write_all(found.token.expose().as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}
