//! What a program asks of the kernel, as strace sees it.

use std::fs;
use std::path::Path;

use super::{Outcome, World};

/// The system calls of a program and of all its children, one to a line.
pub(crate) struct Trace(Vec<String>);

impl World {
    /// Runs a command line under strace.
    pub(crate) fn traced(&self, line: &str, input: &str) -> (Outcome<'_>, Trace) {
        let log = self.logs().join("strace");
        let mut command = self.program("strace");
        command.args(["-f", "-s", "256", "-o"]).arg(&log);
        command.args(line.split(' '));
        let outcome = self.runs(&format!("strace {line}"), command, input.as_bytes());
        let text = fs::read_to_string(&log).unwrap();
        // Searched like all else it would be found to hold the reply, so it goes.
        fs::remove_file(&log).unwrap();
        let is_call = |line: &&str| !line.contains("+++") && !line.contains("---");
        let whole = |line: &&str| is_call(line) && !line.contains("resumed>");
        let lines = text.lines().filter(whole).map(str::to_owned).collect();
        (outcome, Trace(lines))
    }
}

impl Trace {
    /// The calls with one of these names.
    pub(crate) fn calls(&self, names: &[&str]) -> Vec<&str> {
        let is_named = |line: &&str| names.iter().any(|name| name_of(line) == *name);
        let lines = self.0.iter().map(String::as_str);
        lines.filter(is_named).collect()
    }

    /// How many calls there were.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The calls of the first process that ran this program.
    pub(crate) fn of(&self, program: &Path) -> Trace {
        let start = format!("execve(\"{}\"", program.display());
        let from = self.0.iter().position(|line| line.contains(&start));
        let lines = &self.0[from.unwrap()..];
        let pid = pid_of(&lines[0]);
        let its = |line: &&String| pid_of(line) == pid;
        Trace(lines.iter().filter(its).cloned().collect())
    }
}

fn pid_of(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

fn name_of(line: &str) -> &str {
    let call = line.split_whitespace().nth(1).unwrap_or_default();
    call.split('(').next().unwrap_or_default()
}
