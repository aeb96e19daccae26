//! Runs git: the first one in an absolute directory of PATH, with English messages, a time limit, and
//! without a file system monitor, since a repository may name any program as its monitor.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::environment::Environment;
use crate::notice::{Fix, Notice};
use crate::subprocess::{self, Output};

/// How long git may take to read its configuration. A few milliseconds are usual, but the home may be
/// on a network.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The most that is read of what git prints. The settings of 20,000 branches are 3 MiB.
const LARGEST: usize = 4 * 1024 * 1024;

/// The git that a push would run.
#[derive(Debug, Clone)]
pub struct Git {
    program: Option<PathBuf>,
    pub(super) home: Option<PathBuf>,
    /// Why it did not read its configuration. Then it is not run again: each run would take as long.
    failure: Arc<OnceLock<Notice>>,
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
            // Only `git config` reads this file. A push does not.
            .env_remove("GIT_CONFIG")
            // The same home that git would find, except in a test.
            .envs(self.home.iter().map(|home| ("HOME", home)))
            .envs(variables.iter().copied());
        let output = subprocess::run(&mut command, input, LARGEST, Instant::now() + limit);
        let name = command.get_args().nth(2).unwrap_or_default();
        let name = format!("git {}", name.display());
        output.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => {
                Notice::new(format!("{name} did not answer within {limit:?}"), Fix::NONE)
            }
            io::ErrorKind::FileTooLarge => {
                Notice::new(format!("{name} printed more than 4 MiB"), Fix::NONE)
            }
            _ => not_started(&error.to_string()),
        })
    }
}
