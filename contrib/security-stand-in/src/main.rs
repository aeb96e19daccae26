//! `security`, as far as the Heroku CLI and git-credential-heroku-rs use it.
#![allow(
    clippy::disallowed_methods,
    reason = "a separate program, which reads its own environment"
)]

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    use std::path::PathBuf;

    let Some(home) = std::env::var_os("HOME").map(PathBuf::from) else {
        return ExitCode::FAILURE;
    };
    let arguments = std::env::args_os().skip(1);
    let arguments: Vec<String> = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    ExitCode::from(security_stand_in::run(
        &home,
        &arguments,
        &mut std::io::stdin(),
    ))
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
