//! `exec`: runs a program with the token in an environment variable of that program only.
//!
//! On Unix the program replaces this process, so that signals, the terminal and the exit code are those of the program.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use super::{Session, token_of};
use crate::cli::Exec;
use crate::notice::{Kind, Notice};

pub(super) fn run(arguments: &Exec, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let found = token_of(arguments.account.as_deref(), session.context)?;
    let Some((program, rest)) = arguments.command.split_first() else {
        return Ok(()); // The command line requires a program.
    };
    // Windows itself would find only `.exe` files.
    let on_path = cfg!(windows)
        .then(|| {
            session
                .context
                .environment
                .programs(&program.to_string_lossy())
                .next()
        })
        .flatten();
    #[expect(
        clippy::disallowed_methods,
        reason = "running a program is what this command is for"
    )]
    let mut command = Command::new(on_path.map_or_else(|| program.clone(), OsString::from));
    command.args(rest).env(&arguments.env, found.token.expose());
    replace_process(command).map_err(|error| not_started(program, &error).into())
}

/// Returns only if it fails.
#[cfg(unix)]
fn replace_process(mut command: Command) -> io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn replace_process(mut command: Command) -> io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1))
}

fn not_started(program: &OsString, error: &io::Error) -> Notice {
    let program = program.to_string_lossy();
    let kind = match error.kind() {
        io::ErrorKind::NotFound => Kind::NoProgram,
        _ => Kind::NotStarted,
    };
    Notice::new(
        format!("could not start {program}: {error}"),
        "check the name of the program and your PATH",
    )
    .of_kind(kind)
}
