//! The program: arguments, environment and streams in, exit code out.

use std::io;
use std::process::ExitCode;

use git_credential_heroku_rs::context::Context;
use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::streams::{IgnoreWriteErrors, Streams};
use git_credential_heroku_rs::{exit_code, run_as};

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn main() -> ExitCode {
    let context = Context::new(Environment::read(|name| std::env::var_os(name)));
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<_> = arguments.collect();
    let mut streams = Streams {
        input: Box::new(io::stdin()),
        output: &mut io::stdout().lock(),
        errors: &mut IgnoreWriteErrors(io::stderr()),
    };
    let done = run_as(&program, &arguments, &context, &mut streams);
    let flushed = streams.output.flush().map_err(anyhow::Error::from);
    exit_code(done.and(flushed), &mut streams)
}
