//! `token`: prints the token, for scripts.

use std::io::Write;

use super::{Session, account_named};
use crate::arguments::TokenArguments;
use crate::hosts::{HerokuHost, Service};
use crate::problem::Problem;
use crate::sources::{self, Wanted};
use crate::terminal;

pub(super) fn run(arguments: &TokenArguments, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let named = arguments.account.as_deref();
    let account = named
        .map(|name| account_named(name, session.environment))
        .transpose()?;
    let wanted = Wanted {
        host: &HerokuHost::production(Service::Api),
        account: account.as_ref(),
    };
    let found = sources::find(&wanted, session.environment).into_found()?;
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
