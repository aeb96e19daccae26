//! `exec`: runs a program with the token in its context, and in nobody else's.
//!
//! On Unix the program takes our place, so that signals, the terminal and the exit code are its own.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use super::{Session, token_of};
use crate::cli::Exec;
use crate::notice::{Kind, Notice};

pub(super) fn run(arguments: &Exec, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let found = token_of(arguments.account.as_deref(), session.context)?;
    let (program, rest) = arguments.command.split_first().ok_or_else(|| {
        Notice::new(
            "there is no command to run",
            "name one: git credential-heroku-rs exec -- CMD",
        )
        .of_kind(Kind::Usage)
    })?;
    #[expect(
        clippy::disallowed_methods,
        reason = "running a program is what this command is for"
    )]
    let mut command = Command::new(program);
    command.args(rest).env(&arguments.env, found.token.expose());
    take_over(command).map_err(|error| not_started(program, &error).into())
}

/// Comes back only with an error.
#[cfg(unix)]
fn take_over(mut command: Command) -> io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn take_over(mut command: Command) -> io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1))
}

fn not_started(program: &OsString, error: &io::Error) -> Notice {
    let program = program.to_string_lossy();
    Notice::new(
        format!("{program} could not be started: {error}"),
        "check its name and your PATH",
    )
}
