//! `switch`: makes another account the active one, for git and for the Heroku CLI.

use std::io::Write;

use super::{Session, account_named};
use crate::cli::Switch;
use crate::logins;

pub(super) fn run(arguments: &Switch, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let account = account_named(&arguments.account, session.context)?;
    let changed = logins::switch(session.context, &account)?;
    let out = &mut session.streams.output;
    if changed {
        writeln!(out, "Switched to {account}, for git and the Heroku CLI")?;
    } else {
        writeln!(out, "{account} is already the active account")?;
    }
    Ok(())
}
