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
        program.args(["-c", MEASURE]).arg(self.tested_program());
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
