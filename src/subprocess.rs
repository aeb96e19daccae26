//! Runs another program with a time limit. The program ends with this process, together with every process that
//! it has started.

use std::io::{self, Read};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::secret_buf::SecretBuf;

/// A running program. It is killed when this value is dropped.
pub struct Running {
    program: Child,
    /// Its own process group. After a wait for the program, the number may belong to other processes.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Running {
    /// Starts it in a process group of its own.
    ///
    /// # Errors
    /// What the system reports.
    pub fn start(command: &mut Command) -> io::Result<Running> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let program = command.spawn()?;
        Ok(Running {
            #[cfg(unix)]
            group: Some(rustix::process::Pid::from_child(&program)),
            program,
        })
    }

    /// Starts it in our own process group, so that it may read from the terminal.
    ///
    /// # Errors
    /// What the system reports.
    #[cfg(unix)]
    pub fn start_on_the_terminal(command: &mut Command) -> io::Result<Running> {
        Ok(Running {
            program: command.spawn()?,
            group: None,
        })
    }

    /// Its stdin, if the command has a pipe for it. Returned once.
    pub fn input(&mut self) -> Option<ChildStdin> {
        self.program.stdin.take()
    }

    /// Its stdout, if the command has a pipe for it. Returned once.
    pub fn output(&mut self) -> Option<ChildStdout> {
        self.program.stdout.take()
    }

    /// Its stderr, if the command has a pipe for it. Returned once.
    pub fn errors(&mut self) -> Option<ChildStderr> {
        self.program.stderr.take()
    }

    /// Whether it succeeded; none if it has not ended in time.
    pub fn succeeds_by(&mut self, deadline: Instant) -> Option<bool> {
        Some(self.ends_by(deadline)?.success())
    }

    /// How it ended; none if it has not ended in time.
    pub fn ends_by(&mut self, deadline: Instant) -> Option<ExitStatus> {
        const PAUSE: Duration = Duration::from_millis(1);
        loop {
            match self.program.try_wait() {
                Ok(Some(status)) => {
                    #[cfg(unix)]
                    self.group.take();
                    return Some(status);
                }
                Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

/// Reads a pipe to its end on its own thread, up to a limit: a program may fill stdout and stderr concurrently, and a
/// process that it has started may keep them open.
pub fn read_in_thread(
    pipe: impl Read + Send + 'static,
    limit: usize,
) -> Receiver<io::Result<SecretBuf>> {
    let (sender, receiver) = mpsc::channel();
    // After a deadline no one receives it.
    thread::spawn(move || sender.send(SecretBuf::read_all(pipe, limit)));
    receiver
}

impl Drop for Running {
    fn drop(&mut self) {
        // Also if the program has ended and a process that it started has not.
        #[cfg(unix)]
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        // After a wait for it, these do nothing.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::process::Stdio;

    #[expect(clippy::disallowed_methods, reason = "a test of how programs are run")]
    fn shell(line: &str) -> Running {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).stdout(Stdio::piped());
        Running::start(&mut command).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn the_result_of_a_program_is_known() {
        assert_eq!(shell("true").succeeds_by(soon()), Some(true));
        assert_eq!(shell("false").succeeds_by(soon()), Some(false));
        assert_eq!(shell("sleep 600").succeeds_by(Instant::now()), None);
    }

    #[test]
    fn what_it_has_started_ends_with_it() {
        for line in ["sleep 600; true", "sleep 600 & true"] {
            let mut running = shell(line);
            let mut output = running.output().unwrap();
            drop(running);
            // The pipe ends when the last process that has it open ends.
            let mut text = String::new();
            output.read_to_string(&mut text).unwrap();
            assert_eq!(text, "", "{line}");
        }
    }
}
