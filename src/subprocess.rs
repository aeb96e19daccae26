//! Runs another program with a time limit. The program ends with this process, together with every process that
//! it has started.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::files;
use crate::secret_buf::SecretBuf;

/// How a program ended, and what it printed.
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its stdout, which may hold a secret.
    pub stdout: SecretBuf,
    /// Its stderr.
    pub stderr: SecretBuf,
}

/// The most that a program may print to stderr, in bytes: no more than a part of what stdout may take, since both are in
/// memory at once.
const MOST_MESSAGES: usize = 4 * 1024 * 1024;

/// Runs a program to its end, with this input. It may print at most `most` bytes to stdout and to stderr, and at most
/// 4 MiB to stderr.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] if it has not ended by the deadline, [`io::ErrorKind::FileTooLarge`] if it prints more;
/// else why the program could not be started.
pub fn run(
    command: &mut Command,
    input: &[u8],
    most: usize,
    deadline: Instant,
) -> io::Result<Output> {
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(command)?;
    let program = &mut running.program;
    let stdout = read_in_thread(program.stdout.take(), most);
    let stderr = read_in_thread(program.stderr.take(), most.min(MOST_MESSAGES));
    if let Some(mut pipe) = program.stdin.take()
        && !input.is_empty()
    {
        let input = Zeroizing::new(input.to_vec());
        // On its own thread, since the pipe takes no more than 64 KiB until the program reads. A program that does not
        // read its input still has an answer.
        thread::spawn(move || pipe.write_all(&input));
    }
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    let wait = |printed: Receiver<io::Result<SecretBuf>>| {
        let left = deadline.saturating_duration_since(Instant::now());
        printed.recv_timeout(left).map_err(|_| late())?
    };
    // The pipes first: a process that the program has started may keep them open, and is killed with it.
    Ok(Output {
        stdout: wait(stdout)?,
        stderr: wait(stderr)?,
        status: running.ends_by(deadline).ok_or_else(late)?,
    })
}

/// Reads a pipe on its own thread, since a program may fill stdout and stderr concurrently.
fn read_in_thread(
    pipe: Option<impl Read + Send + 'static>,
    most: usize,
) -> Receiver<io::Result<SecretBuf>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let printed = pipe.map(|pipe| SecretBuf::read_all(pipe, most));
        // After the deadline no one receives it.
        sender.send(printed.unwrap_or_else(|| Ok(SecretBuf::default())))
    });
    receiver
}

/// A running program. It is killed when this value is dropped.
struct Running {
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
    fn start(command: &mut Command) -> io::Result<Running> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let program = command.spawn()?;
        Ok(Running {
            #[cfg(unix)]
            group: Some(rustix::process::Pid::from_child(&program)),
            program,
        })
    }

    /// How it ended; none if it has not ended in time.
    fn ends_by(&mut self, deadline: Instant) -> Option<ExitStatus> {
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

/// The program that a launcher of Scoop's starts; none if this program is no such launcher. Scoop puts its own launcher
/// on `PATH`, and the path of the program into a file beside it: `path = "C:\..."`.
pub fn shim_target(program: &Path) -> Option<PathBuf> {
    const LARGEST: usize = 64 * 1024;
    let shim = files::read(&program.with_extension("shim"), LARGEST).ok()?;
    let mut lines = std::str::from_utf8(&shim).ok()?.lines();
    lines.find_map(|line| {
        let (key, path) = line.split_once('=')?;
        let path = path.trim().trim_matches('"');
        (key.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}') == "path")
            .then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod launcher_tests {
    use super::*;

    #[test]
    fn a_launcher_of_scoop_names_its_program() {
        let dir = tempfile::tempdir().unwrap();
        let launcher = dir.path().join("x.exe");
        assert_eq!(shim_target(&launcher), None);
        for (text, target) in [
            (
                "path = \"C:\\apps\\x\\current\\x.exe\"\r\n",
                "C:\\apps\\x\\current\\x.exe",
            ),
            ("\u{feff}path = /a b/x\nargs = -y\n", "/a b/x"),
        ] {
            files::replace(&dir.path().join("x.shim"), text.as_bytes()).unwrap();
            assert_eq!(shim_target(&launcher), Some(target.into()));
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test of how programs are run")]
    fn shell(line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).stdout(Stdio::piped());
        command
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn the_output_and_the_exit_status_of_a_program_are_returned() {
        let output = run(&mut shell("cat; echo no >&2; exit 3"), b"yes", 100, soon()).unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            (&*output.stdout, &*output.stderr),
            (&b"yes"[..], &b"no\n"[..])
        );
        assert!(
            run(&mut shell("true"), b"", 100, soon())
                .unwrap()
                .status
                .success()
        );
    }

    #[test]
    fn more_than_the_limit_is_an_error() {
        let read = |most| run(&mut shell("printf 12345"), b"", most, soon());
        assert_eq!(&*read(5).unwrap().stdout, b"12345");
        let error = read(4).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_program_that_does_not_exit_is_killed_with_its_children() {
        for line in ["sleep 600", "sleep 600 & true"] {
            let late = run(&mut shell(line), b"", 100, Instant::now())
                .err()
                .unwrap();
            assert_eq!(late.kind(), io::ErrorKind::TimedOut, "{line}");
        }
    }

    #[test]
    fn a_program_that_never_reads_its_input_times_out() {
        let input = vec![b'x'; 1024 * 1024];
        let late = run(&mut shell("sleep 600"), &input, 100, Instant::now());
        assert_eq!(late.err().unwrap().kind(), io::ErrorKind::TimedOut);
        // All of it arrives at one that reads.
        let counted = run(&mut shell("wc -c"), &input, 100, soon()).unwrap();
        assert_eq!(counted.stdout.trim_ascii(), b"1048576");
    }

    #[test]
    fn the_children_of_a_program_exit_with_it() {
        for line in ["sleep 600; true", "sleep 600 & true"] {
            let mut running = Running::start(&mut shell(line)).unwrap();
            let mut output = running.program.stdout.take().unwrap();
            drop(running);
            // The pipe ends when the last process that has it open ends.
            let mut text = String::new();
            output.read_to_string(&mut text).unwrap();
            assert_eq!(text, "", "{line}");
        }
    }
}
