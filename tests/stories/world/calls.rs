//! Starting programs in a world: git, the tested program, secret-tool, anything else.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use super::search::Seen;
use super::{Outcome, World};

/// A program that takes longer hangs; `timeout` ends it with exit code 124.
const LONGEST_SECONDS: &str = "60";

impl World {
    /// git in the app's repository, with a command line as one would type it.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn git(&self, line: &str) -> Outcome<'_> {
        self.shell(&format!("git {line}"), b"")
    }

    /// The same with something on stdin.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn git_with_input(&self, line: &str, input: &str) -> Outcome<'_> {
        self.shell(&format!("git {line}"), input.as_bytes())
    }

    /// The tested program, with a command line as one would type it.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn helper(&self, line: &str) -> Outcome<'_> {
        self.helper_with_input(line, "")
    }

    /// The same with something on stdin: what git writes to a helper, or a token.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn helper_with_input(&self, line: &str, input: impl AsRef<[u8]>) -> Outcome<'_> {
        self.shell(&format!("git-credential-heroku-rs {line}"), input.as_ref())
    }

    /// The Secret Service's own program, which the Heroku CLI uses too.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn secret_tool(&self, line: &str) -> Outcome<'_> {
        self.shell(&format!("secret-tool {line}"), b"")
    }

    /// The same with a secret on stdin.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn secret_tool_with_input(&self, line: &str, input: &str) -> Outcome<'_> {
        self.shell(&format!("secret-tool {line}"), input.as_bytes())
    }

    /// Any command line at all.
    #[must_use = "say at least whether it succeeds"]
    pub(crate) fn shell(&self, line: &str, input: &[u8]) -> Outcome<'_> {
        let mut command = self.program("timeout");
        command.args([LONGEST_SECONDS, "sh", "-c", line]);
        self.runs(line, command, input)
    }

    pub(super) fn runs(&self, line: &str, mut command: Command, input: &[u8]) -> Outcome<'_> {
        let start = Instant::now();
        let output = fed(&mut command, input);
        let took = start.elapsed();
        let seen = Seen {
            command: line.to_owned(),
            code: output.status.code(),
            stdout: output.stdout,
            stderr: output.stderr,
        };
        let number = self.transcript.add(seen.clone());
        Outcome {
            world: self,
            number,
            seen,
            took,
        }
    }
}

fn fed(command: &mut Command, input: &[u8]) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // A program may answer before it has read all, and may never read: neither is a failure.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    })
}
