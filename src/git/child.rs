//! Runs git: the first one in an absolute directory of PATH, with English messages, a time limit, and
//! without a file system monitor, since a repository may name any program as its monitor.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::environment::Environment;
use crate::notice::{Fix, Notice};
use crate::secret_buf::SecretBuf;
use crate::subprocess::{Running, read_in_thread};

/// How long git may take to read its configuration. A few milliseconds are usual, but the home may be
/// on a network.
const LIMIT: Duration = Duration::from_secs(10);

/// The most that is read of what git prints. The settings of 20,000 branches are 3 MiB.
const LARGEST: usize = 4 * 1024 * 1024;

/// The git that a push would run.
#[derive(Debug, Clone)]
pub struct Git {
    program: Option<PathBuf>,
    home: Option<PathBuf>,
    /// Why it did not read its configuration. Then it is not run again: each run would take as long.
    failure: Arc<OnceLock<Notice>>,
}

/// What git printed, and whether it exited with 0.
pub(super) struct Output {
    pub(super) is_success: bool,
    pub(super) stdout: SecretBuf,
    pub(super) stderr: SecretBuf,
}

impl Git {
    /// The first git in an absolute directory of PATH. A relative directory would mean another program
    /// in each directory that the user enters.
    pub fn new(environment: &Environment) -> Git {
        let mut programs = environment.programs("git");
        Git {
            program: programs.find(|program| program.is_absolute()),
            home: environment.home.clone(),
            failure: Arc::default(),
        }
    }

    /// Runs git to its end, with nothing to read.
    pub(super) fn run<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Output, Notice> {
        let output = self.run_for(arguments, &[], b"", LIMIT);
        if let Err(why) = &output {
            let _ = self.failure.set(why.clone());
        }
        output
    }

    /// Runs git with more variables and an input.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the module that runs git"
    )]
    pub(super) fn run_for<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        variables: &[(&str, &str)],
        input: &[u8],
        limit: Duration,
    ) -> Result<Output, Notice> {
        if let Some(failure) = self.failure.get() {
            return Err(failure.clone());
        }
        let not_started = |why: &str| {
            let what = format!("could not start git: {why}");
            Notice::new(what, "install git, or add its directory to PATH")
        };
        let Some(program) = &self.program else {
            return Err(not_started("git is not on PATH"));
        };
        let mut command = Command::new(program);
        command
            .args(["-c", "core.fsmonitor=false"])
            .args(arguments)
            // git's messages are parsed here; without this they are in the user's language.
            .env("LC_ALL", "C")
            // The same home that git would find, except in a test.
            .envs(self.home.iter().map(|home| ("HOME", home)))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let deadline = Instant::now() + limit;
        let mut running =
            Running::start(&mut command).map_err(|error| not_started(&error.to_string()))?;
        let (stdout, stderr) = (running.output(), running.errors());
        let stdout = stdout.map(|pipe| read_in_thread(pipe, LARGEST));
        let stderr = stderr.map(|pipe| read_in_thread(pipe, LARGEST));
        if let Some(mut pipe) = running.input() {
            // A program that does not read its input still has an answer.
            let _ = pipe.write_all(input);
        }
        let wait = |pipe: Option<Receiver<io::Result<SecretBuf>>>| {
            let left = deadline.saturating_duration_since(Instant::now());
            pipe?.recv_timeout(left).ok()?.ok()
        };
        let printed = wait(stdout).zip(wait(stderr));
        let Some(((stdout, stderr), is_success)) = printed.zip(running.succeeds_by(deadline))
        else {
            let name = command.get_args().nth(2).unwrap_or_default();
            let what = format!("git {} did not answer within {limit:?}", name.display());
            return Err(Notice::new(what, Fix::NONE));
        };
        Ok(Output {
            is_success,
            stdout,
            stderr,
        })
    }
}
