//! Turns off the echo while a secret is typed.
//!
//! The terminal edits the line as usual, and Ctrl-C sends a signal. Each signal that ends the program turns the echo on
//! first. A thread waits for the signals: a signal handler itself may do almost nothing, and the terminal cannot be
//! polled on macOS.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The signals that end a program and can be handled: from the terminal, from `kill`, or from `timeout`.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// What the prompts share with the thread that waits for signals.
struct Watched {
    /// Whether the thread was started.
    is_waiting: bool,
    /// The terminal with its echo off, and its settings before.
    terminal: Option<(File, Termios)>,
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched {
    is_waiting: false,
    terminal: None,
});

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the thread. It stays until the end of the program, since a signal that was handled once is ignored if nothing
/// handles it.
fn wait_for_signals() -> io::Result<()> {
    let mut signals = Signals::new(ENDING)?;
    thread::Builder::new().spawn(move || {
        for signal in &mut signals {
            if let Some((terminal, before)) = &watched().terminal {
                restore(terminal, before);
                let _ = (&*terminal).write_all(b"\n");
            }
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// The echo is off until this value is dropped. Then each signal ends the program as it does by default.
pub(super) struct NoEcho<'t> {
    terminal: &'t File,
    before: Termios,
}

impl NoEcho<'_> {
    pub(super) fn start(terminal: &File) -> io::Result<NoEcho<'_>> {
        let before = tcgetattr(terminal)?;
        let copy = terminal.try_clone()?;
        let mut watched = watched();
        if !watched.is_waiting {
            wait_for_signals()?;
            watched.is_waiting = true;
        }
        watched.terminal = Some((copy, before.clone()));
        drop(watched);
        let mut quiet = before.clone();
        // With IEXTEN, Ctrl-Y stops a program on macOS as Ctrl-Z does.
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::IEXTEN;
        // Another program may have left the terminal without them.
        quiet.local_modes |= LocalModes::ICANON | LocalModes::ISIG;
        quiet.input_modes |= InputModes::ICRNL;
        // Ctrl-Z is a key like others: a stopped program would leave the echo off.
        quiet.special_codes[SpecialCodeIndex::VSUSP] = 0;
        let no_echo = NoEcho { terminal, before };
        // The input is not flushed, so that a quick paste is kept.
        tcsetattr(terminal, OptionalActions::Drain, &quiet)?;
        Ok(no_echo)
    }
}

impl Drop for NoEcho<'_> {
    fn drop(&mut self) {
        restore(self.terminal, &self.before);
        watched().terminal = None;
    }
}

/// Restores the settings. The rest of a paste of several lines is discarded: the shell would run it.
fn restore(terminal: &File, before: &Termios) {
    let _ = tcsetattr(terminal, OptionalActions::Flush, before);
}
