//! A line on stderr that says what the user waits for.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::environment::Environment;

const ERASE_LINE: &str = "\r\u{1b}[K";

/// Whether a progress line is on the terminal.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Prints a line that stays on stderr, in place of the progress line if there is one.
pub fn print_in_place(text: &str) {
    let is_shown = IS_SHOWN.load(Ordering::Relaxed);
    let erase = if is_shown { ERASE_LINE } else { "" };
    // Nothing depends on it.
    let _ = writeln!(io::stderr(), "{erase}{text}");
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
            IS_SHOWN.store(!text.is_empty(), Ordering::Relaxed);
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
