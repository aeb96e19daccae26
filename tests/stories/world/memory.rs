//! How much memory the tested program takes at its peak.

use super::World;
use super::search::Seen;

/// Runs a program and prints the peak memory that the system counted for it, in KiB, as the last line of stderr.
const MEASURE: &str = "import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)";

impl World {
    /// What a command of the tested program prints, and its peak memory in KiB.
    pub(crate) fn peak_memory_of(&self, command: &str, arguments: &[&str]) -> (String, u64) {
        let mut program = self.program("python3");
        program
            .args(["-I", "-S", "-c", MEASURE])
            .arg(self.tested_program());
        let output = program.arg(command).args(arguments).output().unwrap();
        self.transcript.add(Seen {
            command: format!("{command} {arguments:?}"),
            code: output.status.code(),
            stdout: output.stdout.clone(),
            stderr: output.stderr.clone(),
        });
        assert!(output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        let peak = said.lines().next_back().unwrap().parse().unwrap();
        (String::from_utf8(output.stdout).unwrap(), peak)
    }
}

/// Runs a program with a limit of time, and prints the peak memory that the system counted for the program and for the
/// programs that it started, in KiB, as the last line of stderr. The exit code is 124 after the limit.
const MEASURE_WITHIN: &str = "import os, resource, signal, subprocess, sys
program = subprocess.Popen(sys.argv[2:])
try:
    code = program.wait(float(sys.argv[1]))
except subprocess.TimeoutExpired:
    program.kill()
    program.wait()
    code = 124
print('', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, sep='\\n', file=sys.stderr)
sys.exit(code if code >= 0 else 128 - code)";

/// A command that was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    /// 124 if it had to be ended.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// In KiB.
    pub(crate) peak: u64,
}

impl World {
    /// Runs a command of the tested program, at most this many seconds long, with something on stdin.
    pub(crate) fn measures(&self, command: &str, input: &str, seconds: u32) -> Measured {
        let mut program = self.program("python3");
        let seconds = seconds.to_string();
        program.args(["-I", "-S", "-c", MEASURE_WITHIN, seconds.as_str()]);
        program
            .arg(self.tested_program())
            .args(command.split_whitespace());
        let outcome = self.runs(command, program, input.as_bytes());
        let printed = String::from_utf8_lossy(&outcome.seen.stderr).into_owned();
        let (stderr, peak) = printed.trim_end().rsplit_once('\n').unwrap();
        Measured {
            code: outcome.code(),
            stdout: outcome.raw_stdout(),
            stderr: stderr.to_owned(),
            peak: peak.parse().unwrap(),
        }
    }
}
