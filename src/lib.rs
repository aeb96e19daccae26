//! A git credential helper for Heroku, as a library with a thin program around it.
//!
//! The library is internal: it has no stable API.
#![doc = concat!("How to install and use the program: <", env!("CARGO_PKG_REPOSITORY"), ">.")]
//!
//! A request flows one way: is it for Heroku? (`hosts`) → which account, and which source has its token?
//! (`logins`) → reply (`helper`). ARCHITECTURE.md shows the modules.

#![doc(hidden)]
#![cfg_attr(
    not(unix),
    allow(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "a function that does nothing on Windows has the signature of the one for Unix"
    )
)]

pub mod account;
pub mod cli;
pub mod commands;
pub mod context;
pub mod docker_config;
pub mod docker_protocol;
pub mod environment;
pub mod files;
pub mod git;
mod hardening;
pub mod helper;
pub mod heroku_api;
pub mod heroku_cli;
pub mod hosts;
pub mod keyring;
pub mod logins;
pub mod netrc;
pub mod notice;
pub mod protocol;
pub mod redact;
pub mod rotation_journal;
pub mod scope;
pub mod secret_buf;
pub mod state_file;
pub mod streams;
pub mod subprocess;
pub mod terminal;
pub mod token;
pub mod token_metadata;
pub mod trace;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::account::Verdict;
use crate::cli::Invocation;
use crate::commands::Session;
use crate::context::Context;
use crate::helper::{docker, git as git_helper};
use crate::heroku_api::HerokuApi;
use crate::hosts::HerokuHost;
use crate::notice::{AlreadyReported, Kind, Notice};
use crate::protocol::{Operation, Request};
use crate::streams::Streams;
use crate::token::Token;

/// How long `erase` waits for Heroku's verdict on a token.
const CHECK_LIMIT: Duration = Duration::from_secs(3);

/// Runs the program. If it was started under the name of docker's helper, it answers docker in docker's protocol.
///
/// # Errors
/// As [`run`].
pub fn run_as(
    program: &OsStr,
    arguments: &[OsString],
    context: &Context,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    match Path::new(program).file_stem() {
        Some(name) if name == docker_protocol::PROGRAM => {
            answer_docker(arguments, context, streams)
        }
        _ => run(arguments, context, streams),
    }
}

/// Runs the program as git's helper or for a command.
///
/// # Errors
/// What to report; a [`Notice`] carries the exit code in its [`Kind`]. git's operations never fail:
/// their messages have been written to `streams.errors`.
pub fn run(
    arguments: &[OsString],
    context: &Context,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    context.environment.trace.log(|| cli::in_public(arguments));
    match cli::read(arguments) {
        Invocation::Git(operation) => {
            answer_git(operation, context, streams);
            Ok(())
        }
        Invocation::Command(command) => {
            let mut session = Session { context, streams };
            let done = commands::run(&command, &mut session);
            context.environment.trace.log(|| end_of(&done));
            done
        }
        Invocation::Unknown(_) if is_request_of_git(streams) => Ok(()),
        Invocation::Unknown(error) | Invocation::Answered(error) => print_clap(&error, streams),
    }
}

/// git ignores a helper's exit status. If a helper prints nothing, git asks the next one.
fn answer_git(operation: Operation, context: &Context, streams: &mut Streams<'_>) {
    let Streams { input, output, .. } = streams;
    context.serves_git();
    let check = |host: &HerokuHost, token: &Token| verdict(context, host, token);
    let notice = git_helper::answer(operation, input, output, context, check);
    context.environment.trace.log(|| match &notice {
        None => "done, without a message".to_owned(),
        Some(notice) => format!("message: {}", notice.what()),
    });
    if let Some(notice) = notice {
        report(&notice, streams);
    }
}

/// In one write, since git, its remote and other helpers print to the same stderr.
fn report(notice: &Notice, streams: &mut Streams<'_>) {
    let text = format!("{}: {notice}\n", cli::SHORT_NAME);
    let _ = streams.errors.write_all(text.as_bytes());
}

/// docker reads the text of a failure from stdout, and recognizes a failure by the exit code 1.
fn answer_docker(
    arguments: &[OsString],
    context: &Context,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    context.serves_git();
    let reply = docker::answer(arguments, &mut streams.input, context);
    streams.output.write_all(&reply.answer)?;
    if let Some(notice) = &reply.notice {
        report(notice, streams);
    }
    if reply.is_failure {
        return Err(AlreadyReported(Kind::Failed).into());
    }
    Ok(())
}

/// How a command ended, for the trace: the error without its fix.
fn end_of(done: &anyhow::Result<()>) -> String {
    match done {
        Ok(()) => "done".to_owned(),
        Err(error) => match error.downcast_ref::<Notice>() {
            Some(notice) => format!("failed: {}", notice.what()),
            None => format!("failed: {error:#}"),
        },
    }
}

fn verdict(context: &Context, host: &HerokuHost, token: &Token) -> Verdict {
    match HerokuApi::of(host, &context.environment, CHECK_LIMIT) {
        Ok(api) => api.verdict(token),
        Err(failure) => Verdict::Unknown(failure.notice()),
    }
}

/// Whether an unknown word comes with a request on stdin. Then it is a new operation of git, which a helper must
/// ignore; otherwise it is a typo.
///
/// If stdin stays open and empty, this waits for a moment only.
fn is_request_of_git(streams: &mut Streams<'_>) -> bool {
    const MOMENT: Duration = Duration::from_millis(500);
    if terminal::is_stdin() {
        return false;
    }
    let mut input = std::mem::replace(&mut streams.input, Box::new(io::empty()));
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(Request::read(&mut input)));
    match receiver.recv_timeout(MOMENT) {
        Ok(Ok(request)) => request.scheme.is_some() || request.host.is_some(),
        Ok(Err(_)) | Err(_) => false,
    }
}

/// Prints clap's help and version to stdout, and its errors, unchanged, to stderr.
fn print_clap(error: &clap::Error, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let text = cli::error_text(error);
    if error.exit_code() == 0 {
        streams.output.write_all(text.as_bytes())?;
        return Ok(());
    }
    streams.errors.write_all(text.as_bytes())?;
    Err(AlreadyReported(Kind::Usage).into())
}

/// Reports an error, and returns the process's exit code.
///
/// If the reader of a pipe has closed it, it has what it needs, and this is no failure.
pub fn exit_code(done: anyhow::Result<()>, streams: &mut Streams<'_>) -> ExitCode {
    let Err(error) = done else {
        return ExitCode::SUCCESS;
    };
    if let Some(AlreadyReported(kind)) = error.downcast_ref() {
        return ExitCode::from(kind.exit_code());
    }
    let io = error.downcast_ref::<io::Error>();
    if io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let notice = Notice::of_failure(error);
    report(&notice, streams);
    ExitCode::from(notice.kind().exit_code())
}
