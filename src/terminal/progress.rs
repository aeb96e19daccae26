//! A line on stderr that says what the user waits for.

use std::io::{self, IsTerminal, Write};

use crate::environment::Environment;

const ERASE_LINE: &str = "\r\u{1b}[K";

/// Prints a line that stays on stderr, in place of a progress line.
pub fn print_in_place(text: &str) {
    let mut errors = io::stderr();
    let erase = if errors.is_terminal() { ERASE_LINE } else { "" };
    // Nothing depends on it.
    let _ = writeln!(errors, "{erase}{text}");
}

/// A line on stderr, erased when this value is dropped. It is shown only on a terminal.
pub struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Shows this text.
    pub fn start(text: &str, environment: &Environment) -> Progress {
        let is_shown = io::stderr().is_terminal() && !environment.no_color;
        let progress = Progress { is_shown };
        progress.set_text(text);
        progress
    }

    /// Shows another text in its place.
    pub fn set_text(&self, text: &str) {
        self.draw(&format!("{text} …"));
    }

    fn draw(&self, text: &str) {
        if self.is_shown {
            // Nothing depends on it.
            let _ = write!(io::stderr(), "{ERASE_LINE}{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.draw("");
    }
}
