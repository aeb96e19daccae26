//! Reads a password from the terminal, as `getpass` does.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Asks on the terminal, even if stdin is something else. `None` without a terminal.
pub(crate) fn password(prompt: &str) -> Option<String> {
    let mut terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .ok()?;
    let before = tcgetattr(&terminal).ok()?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &hidden).ok()?;
    let asked = write!(terminal, "{prompt}");
    let mut line = String::new();
    let read = BufReader::new(&terminal).read_line(&mut line);
    tcsetattr(&terminal, OptionalActions::Flush, &before).ok()?;
    let _ = writeln!(terminal);
    asked.ok()?;
    read.ok()?;
    Some(line.trim_end_matches('\n').to_owned())
}
