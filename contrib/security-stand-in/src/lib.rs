//! A stand-in for macOS's `/usr/bin/security`, so that its callers can be tested on Linux.
//!
//! It keeps a keychain file below `$HOME`, with an application list and a partition list for each item, as macOS does.
//! The lists decide whether a read works without a dialog, shows one, or fails. A dialog is a line in a log, and the
//! answer that the test has set: without one, the process waits to be killed. Every start of the program is logged.
//!
//! Source of the behaviour: Apple's `SecurityTool` and `securityd` (Security-61901), read, and its
//! line parser, run on Linux. Nothing of it was run on a Mac.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own, which reads its own environment and writes its own files"
)]

mod commands;
mod keychain;
mod line;
mod options;
mod output;
mod status;
mod terminal;

use std::io::{Read, Write};
use std::path::Path;

pub use keychain::{Answer, Event, Item, Keychain, State, TOOL_APPLICATION, TOOL_PARTITION};
pub use status::Status;

/// The longest line that `-i` reads in one piece, with its newline.
const LONGEST_LINE: usize = 4096;

/// Runs one command line, without the program's name. Returns the exit code.
pub fn run(home: &Path, arguments: &[String], input: &mut dyn Read) -> u8 {
    let keychain = Keychain::of(home);
    keychain.append_to_log(&Event::Started {
        pid: std::process::id(),
        parent: output::name_of_parent(),
        arguments: arguments.to_vec(),
    });
    match arguments.first().map(String::as_str) {
        Some("-i") => run_lines(&keychain, input),
        _ => commands::run(&keychain, arguments).exit_code(),
    }
}

/// `security -i`: runs the command in each line. The exit code is that of the last line that was read. A line without
/// its newline is not run.
fn run_lines(keychain: &Keychain, input: &mut dyn Read) -> u8 {
    let mut text = Vec::new();
    if input.read_to_end(&mut text).is_err() {
        return 1;
    }
    let mut code = 0;
    for line in line::lines(&text, LONGEST_LINE) {
        let words = line::split(line);
        code = commands::run(keychain, &words).exit_code();
        if code != 0 {
            let name = words.first().map_or("", String::as_str);
            let _ = writeln!(std::io::stderr(), "{name}: returned {code}");
        }
    }
    code
}
