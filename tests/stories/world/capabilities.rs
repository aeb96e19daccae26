//! Runs stories without the capabilities of root.

use std::fs;
use std::process::Command;

/// `CAP_SYS_PTRACE`, as a bit of `CapEff` in `/proc/PID/status`.
const SYS_PTRACE: u64 = 1 << 19;

/// Why a story is skipped, or a part of it, that needs the paths in a trace: strace reads them from the program's
/// memory.
pub(crate) const PATHS_ARE_HIDDEN: &str =
    "only root sees which files a program opens that closed its memory";

/// Runs a story without access to other processes. If this process has it, the test binary runs that
/// one test again, without capabilities.
///
/// It stays the same user: another one could not enter a repository below `/root`.
pub(crate) fn without_capabilities(story: impl FnOnce()) {
    if !reads_every_process() {
        return story();
    }
    // The thread of a test has the test's name.
    let test = std::thread::current();
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-all", "--ambient-caps=-all"]);
    // Some systems install gnome-keyring with this one, and without it the kernel does not start it.
    command.arg("--bounding-set=-all,+ipc_lock");
    command.arg(std::env::current_exe().unwrap());
    command
        .args(["--exact", test.name().unwrap()])
        .env_remove("HEROKU_RS_COUNTS");
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && stdout.contains("test result: ok. 1 passed"),
        "without capabilities:\n{stdout}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether this process reads the memory of all others: root does, but not in every container.
pub(crate) fn reads_every_process() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let effective = lines.find_map(|line| line.strip_prefix("CapEff:"));
    let effective = u64::from_str_radix(effective.unwrap().trim(), 16).unwrap();
    effective & SYS_PTRACE != 0
}
