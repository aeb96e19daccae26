//! strace makes one system call of the tested program fail, or ends the program at it.
//!
//! Only the program's own main thread is traced, which is the one that writes: its children and
//! those of git are not affected.

use std::fs;
use std::path::PathBuf;

use super::search::files_under;
use super::{Outcome, World};

/// A system call of a program: which of those of its name, counted from 1.
#[derive(Clone, Debug)]
pub(crate) struct SystemCall {
    name: String,
    number: usize,
    line: String,
}

impl World {
    /// Runs a command line, and gives the system calls that it takes.
    pub(crate) fn system_calls(&self, line: &str, input: &str) -> (Outcome<'_>, Vec<SystemCall>) {
        let log = self.logs().join("calls");
        let mut command = self.program("strace");
        // No strings, so that no secret is in the log; paths are shown all the same.
        command.args(["-y", "-s", "0", "-o"]).arg(&log);
        command.args(line.split(' '));
        let outcome = self.runs(&format!("strace {line}"), command, input.as_bytes());
        let text = fs::read_to_string(&log).unwrap();
        let mut calls: Vec<SystemCall> = Vec::new();
        for line in text.lines() {
            // Signals and the end are no calls.
            let Some((name, _)) = line.split_once('(') else {
                continue;
            };
            let before = calls.iter().filter(|call| call.name == name).count();
            calls.push(SystemCall {
                name: name.to_owned(),
                number: before + 1,
                line: line.to_owned(),
            });
        }
        (outcome, calls)
    }

    /// Runs a command line that gets a signal at this call: `KILL` comes before the call is done,
    /// any other one right after it.
    pub(crate) fn signalled_at(
        &self,
        line: &str,
        input: &str,
        call: &SystemCall,
        signal: &str,
    ) -> Outcome<'_> {
        self.injected(line, input, call, &format!("signal={signal}"))
    }

    /// Runs a command line in which this call fails with an error of this name, once.
    pub(crate) fn failing_at(
        &self,
        line: &str,
        input: &str,
        call: &SystemCall,
        error: &str,
    ) -> Outcome<'_> {
        self.injected(line, input, call, &format!("error={error}"))
    }

    /// What the program left lying beside the files that it writes.
    pub(crate) fn drafts(&self) -> Vec<PathBuf> {
        let mut files = files_under(&self.home());
        files.retain(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with(".heroku-rs-")
        });
        files
    }

    fn injected(&self, line: &str, input: &str, call: &SystemCall, what: &str) -> Outcome<'_> {
        let SystemCall { name, number, .. } = call;
        let inject = format!("inject={name}:{what}:when={number}");
        let mut command = self.program("timeout");
        command.args(["60", "strace", "-o", "/dev/null", "-e"]);
        command.args([&format!("trace={name}"), "-e", &inject]);
        command.args(line.split(' '));
        let name = format!("{line} with {inject}, in a sound run: {}", call.line);
        self.runs(&name, command, input.as_bytes())
    }
}

impl SystemCall {
    /// Whether it is one of these by name.
    pub(crate) fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// Whether it keeps other processes of the same user from reading this one's memory.
    pub(crate) fn closes_the_memory(&self) -> bool {
        self.name == "prctl" && self.shows("PR_SET_DUMPABLE, SUID_DUMP_DISABLE")
    }

    /// Whether it can change anything outside of the process.
    pub(crate) fn changes_something(&self) -> bool {
        const CHANGING: [&str; 17] = [
            "write",
            "writev",
            "sendto",
            "sendmsg",
            "rename",
            "renameat",
            "renameat2",
            "mkdir",
            "unlink",
            "unlinkat",
            "link",
            "linkat",
            "fchmod",
            "chmod",
            "fsync",
            "clone3",
            "vfork",
        ];
        self.is_one_of(&CHANGING) || self.makes_a_file()
    }

    /// Whether it opens a file that it may have to make.
    pub(crate) fn makes_a_file(&self) -> bool {
        self.name == "openat" && self.line.contains("O_CREAT")
    }

    /// Whether this text is in what strace shows of it: a path, a flag.
    pub(crate) fn shows(&self, text: &str) -> bool {
        self.line.contains(text)
    }
}
