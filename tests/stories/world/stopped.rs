//! A program that waits in the middle with a token in hand: its memory can be looked into, others can
//! try to, and it can be made to crash.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use heroku_stand_in::{Fault, On, Times};
use rustix::process::{Pid, Signal, kill_process};

use super::{API_HOST, Behaviour, World};

/// Longer than any step of a program takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The numbers of `write` and of `exit_group`, on x86 and on ARM.
const WRITES: [&str; 2] = ["1 ", "64 "];
const EXITS: [&str; 2] = ["231 ", "94 "];

/// Where a program waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopAt {
    /// Before it writes its reply.
    Reply,
    /// After its reply, before its last message for the user.
    LastMessage,
}

/// A program that waits for a reader that does not read. It is killed at the end of the story.
pub(crate) struct Stopped {
    child: Child,
    process: u32,
    full: Option<std::io::PipeReader>,
}

/// The result of a search in a program's memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MemoryScan {
    /// The number of copies of the text.
    Copies(usize),
    /// The system denies access.
    Denied,
}

impl World {
    /// Starts the tested program with something on stdin, and lets it run until it waits.
    pub(crate) fn stops_the_helper(&self, line: &str, input: &str, at: StopAt) -> Stopped {
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
            StopAt::Reply => (full(), log()),
            StopAt::LastMessage => (Stdio::null(), full()),
        };
        let child = self.started(line, input, out, errors);
        let mut stopped = Stopped::of(child);
        stopped.full = Some(reader);
        stopped.waits_in(&WRITES);
        stopped
    }

    /// The same until Heroku holds a request of it, and does not answer.
    pub(crate) fn stops_the_helper_at_heroku(&self, line: &str, input: &str) -> Stopped {
        let api = On::Host(API_HOST);
        self.heroku.fault(api, Fault::Pause, Times::Exactly(1));
        let child = self.started(line, input, Stdio::null(), Stdio::null());
        self.waits_until_heroku_holds_a_request();
        Stopped::of(child)
    }

    /// The same until it waits for the answer of the Secret Service under orders to this call.
    pub(crate) fn stops_the_helper_at_the_keyring(
        &self,
        (line, input): (&str, &str),
        call: &'static str,
    ) -> Stopped {
        let service = self.secret_service();
        service.sets_behaviour(&[call], Behaviour::NeverReplies);
        let child = self.started(line, input, Stdio::null(), Stdio::null());
        let start = Instant::now();
        while !service.received_calls().iter().any(|asked| asked == call) {
            assert!(start.elapsed() < LIMIT, "the program did not call {call}");
            thread::sleep(Duration::from_millis(2));
        }
        Stopped::of(child)
    }

    /// The same until it ends: it has let go of everything that it had, and is held at the door.
    pub(crate) fn stops_the_helper_at_its_end(&self, line: &str, input: &str) -> Stopped {
        let mut command = self.program("strace");
        command.args(["-qq", "-o", "/dev/null", "-e", "trace=exit_group"]);
        command.args(["-e", "inject=exit_group:delay_enter=120000000"]);
        command.arg(self.tested_program()).args(line.split(' '));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut tracer = command.spawn().unwrap();
        let mut stdin = tracer.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let mut stopped = Stopped::of(tracer);
        stopped.process = stopped.program_under_a_tracer();
        stopped.waits_in(&EXITS);
        stopped
    }

    /// Another program that waits, for comparison.
    pub(crate) fn stops_another_program(&self) -> Stopped {
        let mut command = self.free_to_dump("sleep");
        let child = command.arg("60").spawn().unwrap();
        let mut stopped = Stopped::of(child);
        stopped.runs("sleep");
        stopped
    }

    fn started(&self, line: &str, input: &str, out: Stdio, errors: Stdio) -> Child {
        let mut command = self.free_to_dump(self.tested_program());
        command.args(line.split(' '));
        command.stdin(Stdio::piped()).stdout(out).stderr(errors);
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        child
    }

    /// A program that may write core files as large as this machine allows, and which a signal ends
    /// even if the tests were started in the background.
    fn free_to_dump(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.program("env");
        command.args(["--default-signal=INT,QUIT", "sh"]);
        command.args(["-c", "ulimit -c \"$(ulimit -H -c)\"; exec \"$0\" \"$@\""]);
        command.arg(program);
        command
    }
}

impl Stopped {
    fn of(child: Child) -> Stopped {
        let process = child.id();
        Stopped {
            child,
            process,
            full: None,
        }
    }

    /// The tested program, once a tracer has started it.
    fn program_under_a_tracer(&self) -> u32 {
        let start = Instant::now();
        let tracer = self.child.id();
        let is_ours = |process: &&str| {
            let comm = fs::read_to_string(format!("/proc/{process}/comm"));
            comm.is_ok_and(|name| name.starts_with("git-credential"))
        };
        loop {
            assert!(start.elapsed() < LIMIT, "the program did not start");
            let children = fs::read_to_string(format!("/proc/{tracer}/task/{tracer}/children"));
            let children = children.unwrap_or_default();
            if let Some(process) = children.split_whitespace().find(is_ours) {
                return process.parse().unwrap();
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The kernel shows what a program waits for only to processes that may trace it:
    /// once we are kept out, it holds a token and will not be seen any more.
    fn waits_in(&mut self, calls: &[&str]) {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "the program exited before it waited"
            );
            match fs::read_to_string(format!("/proc/{}/syscall", self.process)) {
                Ok(call) if calls.iter().any(|number| call.starts_with(number)) => return,
                Err(error) if error.kind() == ErrorKind::PermissionDenied => return,
                Ok(_) | Err(_) => thread::sleep(Duration::from_millis(2)),
            }
        }
        panic!("the program did not reach its write within {LIMIT:?}");
    }

    /// The shell that has started it is gone.
    fn runs(&mut self, name: &str) {
        let start = Instant::now();
        let comm = format!("/proc/{}/comm", self.child.id());
        while fs::read_to_string(&comm).unwrap().trim() != name {
            assert!(start.elapsed() < LIMIT, "the program did not start");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The system's error for a process that opens a file with the memory of this process.
    pub(crate) fn gives(&self, file: &str) -> Result<(), ErrorKind> {
        let path = format!("/proc/{}/{file}", self.process);
        let opened = File::open(path).and_then(|mut file| file.read(&mut [0; 1]));
        match opened {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error.kind()),
            // It can be opened: no page is mapped at the address that was read.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The error that a debugger gets when it attaches.
    pub(crate) fn says_to_a_debugger(&self) -> String {
        let mut command = Command::new("strace");
        command.args(["-o", "/dev/null", "-p", &self.process.to_string()]);
        let mut debugger = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let errors = debugger.stderr.take().unwrap();
        BufReader::new(errors).read_line(&mut said).unwrap();
        // It fails only where it has ended already.
        let _ = debugger.kill();
        debugger.wait().unwrap();
        said
    }

    /// Whether the system writes a core file of it, once this signal has ended it.
    ///
    /// It is sent until then: Rust takes the first SIGSEGV, and lets the next one through.
    pub(crate) fn leaves_a_core_file_by(mut self, signal: Signal) -> bool {
        let start = Instant::now();
        let status = loop {
            assert!(
                start.elapsed() < LIMIT,
                "{signal:?} does not end the program"
            );
            let pid = Pid::from_child(&self.child);
            kill_process(pid, signal).unwrap();
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => thread::sleep(Duration::from_millis(2)),
            }
        };
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        status.core_dumped()
    }

    /// How often this text is in its memory.
    pub(crate) fn shows(&self, text: &str) -> MemoryScan {
        let process = format!("/proc/{}", self.process);
        let Ok(mut memory) = File::open(format!("{process}/mem")) else {
            return MemoryScan::Denied;
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
        MemoryScan::Copies(copies)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        drop(self.full.take());
        // Each fails only where it has ended already.
        if self.process != self.child.id() {
            let process = i32::try_from(self.process).ok().and_then(Pid::from_raw);
            let _ = process.map(|process| kill_process(process, Signal::KILL));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
