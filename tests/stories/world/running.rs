//! A program that runs while the story goes on, to be killed in the middle.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heroku_stand_in::{Fault, On, Times};

use super::World;

/// Longer than any step of a program takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A program that has been started, and is killed at the end of the story.
pub(crate) struct Running(Child);

impl World {
    /// Starts the tested program, and goes on.
    pub(crate) fn starts_the_helper(&self, line: &str) -> Running {
        let mut command: Command = self.program(self.tested_program());
        command.args(line.split(' '));
        command
            .stdin(Stdio::null())
            .stdout(self.log_file())
            .stderr(self.log_file());
        Running(command.spawn().unwrap())
    }

    /// Starts the tested program, and goes on once Heroku holds this request of it.
    pub(crate) fn starts_the_helper_until(&self, line: &str, on: On, at: Fault) -> Running {
        self.heroku.fault(on, at, Times::Exactly(1));
        let running = self.starts_the_helper(line);
        self.waits_until_heroku_holds_a_request();
        running
    }

    /// Starts the tested program, and kills it while Heroku holds this request of it: before it
    /// has its effect, or after that and before the answer. Heroku goes on, and knows who waited.
    pub(crate) fn kills_the_helper(&self, line: &str, on: On, at: Fault) {
        self.starts_the_helper_until(line, on, at).kill();
        self.heroku.clear_faults();
    }

    /// Waits until Heroku holds a request.
    pub(crate) fn waits_until_heroku_holds_a_request(&self) {
        let held = self.heroku.wait_for_pause(LIMIT);
        assert!(held.is_some(), "no request was held");
    }

    fn log_file(&self) -> std::fs::File {
        let log = self.logs().join("running");
        let mut options = std::fs::File::options();
        options.append(true).create(true).open(log).unwrap()
    }
}

impl Running {
    /// Kills the program with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        let status = self.0.wait().unwrap();
        assert_eq!(
            status.code(),
            None,
            "the program exited before it was killed"
        );
    }

    /// Waits until the program exits, and returns its exit code.
    pub(crate) fn ends(mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
