//! A program that waits in the middle, so that its memory can be looked into.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::World;

/// Longer than any step of a program takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a program waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// Before its answer leaves.
    ItsAnswer,
    /// With its answer gone, before its last word to a person.
    ItsLastWord,
}

/// A program that waits for a reader who does not read. It dies with the story.
pub(crate) struct Stopped {
    child: Child,
    _full: std::io::PipeReader,
}

/// What can be seen of a program's memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// So many copies of what was looked for.
    Copies(usize),
    /// Nothing at all: the system keeps us out.
    Closed,
}

impl World {
    /// Starts the tested program with something on stdin, and lets it run until it waits.
    pub(crate) fn stops_the_helper(&self, line: &str, input: &str, at: At) -> Stopped {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let size = rustix::pipe::fcntl_getpipe_size(&reader).unwrap();
        writer.write_all(&vec![b'x'; size]).unwrap();
        let full = || Stdio::from(OwnedFd::from(writer.try_clone().unwrap()));
        let log = || {
            let mut options = File::options();
            let log = options.append(true).create(true);
            Stdio::from(log.open(self.logs().join("stopped")).unwrap())
        };
        let (out, errors) = match at {
            At::ItsAnswer => (full(), log()),
            At::ItsLastWord => (Stdio::null(), full()),
        };
        let mut command = self.program(self.tested_program());
        command.args(line.split(' '));
        command.stdin(Stdio::piped()).stdout(out).stderr(errors);
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let mut stopped = Stopped {
            child,
            _full: reader,
        };
        stopped.waits_in_a_write();
        stopped
    }
}

impl Stopped {
    /// The kernel tells what a program waits for to those who may look into it, and to nobody else:
    /// once we are kept out, it holds a token and will not be seen any more.
    fn waits_in_a_write(&mut self) {
        const WRITES: [&str; 2] = ["1 ", "64 "];
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            assert!(self.child.try_wait().unwrap().is_none(), "it never waited");
            match fs::read_to_string(format!("/proc/{}/syscall", self.child.id())) {
                Ok(call) if WRITES.iter().any(|number| call.starts_with(number)) => return,
                Err(error) if error.kind() == ErrorKind::PermissionDenied => return,
                Ok(_) | Err(_) => thread::sleep(Duration::from_millis(2)),
            }
        }
        panic!("it did not come to its word in {PATIENCE:?}");
    }

    /// How often its memory holds this text.
    pub(crate) fn shows(&self, text: &str) -> Sight {
        let process = format!("/proc/{}", self.child.id());
        let Ok(mut memory) = File::open(format!("{process}/mem")) else {
            return Sight::Closed;
        };
        let maps = fs::read_to_string(format!("{process}/maps")).unwrap();
        let finder = memchr::memmem::Finder::new(text);
        let mut copies = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let at = |hex| u64::from_str_radix(hex, 16).unwrap();
            let (start, end) = (at(start), at(end));
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            memory.seek(SeekFrom::Start(start)).unwrap();
            // Some of the kernel's own pages cannot be read by anyone.
            if memory.read_exact(&mut bytes).is_ok() {
                copies += finder.find_iter(&bytes).count();
            }
        }
        Sight::Copies(copies)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
