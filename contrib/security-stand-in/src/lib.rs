//! A stand-in for macOS's `/usr/bin/security`, so that its callers can be tested on Linux.
//!
//! It stores a keychain file below `$HOME`, with an application list and a partition list for each item, as macOS does.
//! The lists decide whether a read works without a dialog, shows one, or fails. A dialog is simulated: it adds a line to
//! a log, and the test sets the answer. Without an answer the process waits until it is killed. Every start of the
//! program is logged.
//!
//! Source of the behaviour: the source code of Apple's `SecurityTool` and `securityd` (Security-61901), and its line
//! parser, which was run on Linux. This stand-in was not compared with a real Mac.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    reason = "a separate program, which reads its own environment and writes its own files"
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

/// Runs one command line, which does not include the program's name. Returns the exit code.
pub fn run(home: &Path, arguments: &[String], input: &mut dyn Read) -> u8 {
    let keychain = Keychain::in_home(home);
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
