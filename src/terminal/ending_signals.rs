//! Restores the terminal before a signal ends the program.
//!
//! A thread waits for the signals: a signal handler itself may do almost nothing, and the terminal cannot be polled on
//! macOS.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

/// The signals that end a program and can be handled: from `kill`, from `timeout`, or because the terminal was closed.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Handles the signals until it is dropped. Then each signal ends the program as it does by default.
pub(super) struct Watch {
    is_over: Arc<AtomicBool>,
    signals: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// From now on, each signal calls `restore` and then ends the program.
    pub(super) fn start(restore: impl Fn() + Send + 'static) -> io::Result<Watch> {
        let mut signals = Signals::new(ENDING)?;
        let is_over = Arc::new(AtomicBool::new(false));
        // A signal that was handled once is ignored after that, unless something else handles it.
        for signal in ENDING {
            register_conditional_default(signal, Arc::clone(&is_over))?;
        }
        let handle = signals.handle();
        let thread = thread::Builder::new().spawn(move || {
            for signal in &mut signals {
                restore();
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(Watch {
            is_over,
            signals: handle,
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.signals.close();
        // It fails only if the thread panicked.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
