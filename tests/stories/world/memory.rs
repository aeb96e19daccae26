//! How much memory the tested program takes at its peak.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use super::World;
use super::search::Seen;

/// What Linux makes of less: one page.
const SMALLEST_PIPE: usize = 4096;

impl World {
    /// What a command of the tested program says, and its peak memory in KiB while it said it.
    ///
    /// It is looked up after each piece that is read, from a pipe that holds next to nothing: so
    /// the program is still there but for its last words. The system keeps the peak.
    pub(crate) fn peak_memory_of(&self, command: &str, arguments: &[&str]) -> (String, u64) {
        let mut program = self.program(self.tested_program());
        program.arg(command).args(arguments);
        program.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let pipe = child.stdout.as_ref().unwrap();
        rustix::pipe::fcntl_setpipe_size(pipe, SMALLEST_PIPE).unwrap();
        let (mut out, mut said, mut peak) = (child.stdout.take().unwrap(), Vec::new(), 0);
        let mut piece = vec![0; 16 * 1024];
        loop {
            let length = out.read(&mut piece).unwrap();
            peak = peak_of(child.id()).unwrap_or(peak);
            if length == 0 {
                break;
            }
            said.extend_from_slice(&piece[..length]);
        }
        assert!(child.wait().unwrap().success());
        self.transcript.add(Seen {
            command: format!("{command} {arguments:?}"),
            code: Some(0),
            stdout: said.clone(),
            stderr: Vec::new(),
        });
        assert!(peak > 0, "its memory was never seen");
        (String::from_utf8(said).unwrap(), peak)
    }
}

/// The peak of a program that still runs.
fn peak_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
