//! Turns off the echo while a secret is typed.
//!
//! The terminal edits the line as usual, and Ctrl-C sends a signal. Each signal that ends the program turns the echo on
//! first. A thread waits for the signals: a signal handler itself may do almost nothing, and the terminal cannot be
//! polled on macOS.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

/// The signals that end a program and can be handled: from the terminal, from `kill`, or from `timeout`.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// The echo is off until this value is dropped. Then each signal ends the program as it does by default.
pub(super) struct NoEcho<'t> {
    terminal: &'t File,
    before: Termios,
    is_over: Arc<AtomicBool>,
    signals: Handle,
    thread: Option<JoinHandle<()>>,
}

impl NoEcho<'_> {
    pub(super) fn start(terminal: &File) -> io::Result<NoEcho<'_>> {
        let before = tcgetattr(terminal)?;
        let mut signals = Signals::new(ENDING)?;
        let is_over = Arc::new(AtomicBool::new(false));
        // A signal that was handled once is ignored after that, unless something else handles it.
        for signal in ENDING {
            register_conditional_default(signal, Arc::clone(&is_over))?;
        }
        let handle = signals.handle();
        let (copy, settings) = (terminal.try_clone()?, before.clone());
        let thread = thread::Builder::new().spawn(move || {
            for signal in &mut signals {
                restore(&copy, &settings);
                let _ = (&copy).write_all(b"\n");
                let _ = emulate_default_handler(signal);
            }
        })?;
        let mut quiet = before.clone();
        // With IEXTEN, Ctrl-Y stops a program on macOS as Ctrl-Z does.
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::IEXTEN;
        // Another program may have left the terminal without them.
        quiet.local_modes |= LocalModes::ICANON | LocalModes::ISIG;
        quiet.input_modes |= InputModes::ICRNL;
        // Ctrl-Z is a key like others: a stopped program would leave the echo off.
        quiet.special_codes[SpecialCodeIndex::VSUSP] = 0;
        let no_echo = NoEcho {
            terminal,
            before,
            is_over,
            signals: handle,
            thread: Some(thread),
        };
        // The input is not flushed, so that a quick paste is kept.
        tcsetattr(terminal, OptionalActions::Drain, &quiet)?;
        Ok(no_echo)
    }
}

impl Drop for NoEcho<'_> {
    fn drop(&mut self) {
        restore(self.terminal, &self.before);
        self.is_over.store(true, Ordering::SeqCst);
        self.signals.close();
        // It fails only if the thread panicked.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Restores the settings. The rest of a paste of several lines is discarded: the shell would run it.
fn restore(terminal: &File, before: &Termios) {
    let _ = tcsetattr(terminal, OptionalActions::Flush, before);
}
