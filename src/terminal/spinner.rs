//! A spinner on stderr while the user waits. A progress crate would bring five more crates for it.

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::environment::Environment;

const FRAMES: [&str; 4] = ["|", "/", "-", "\\"];
const PACE: Duration = Duration::from_millis(120);

/// An animated line on stderr, erased when this value is dropped.
///
/// It is shown only on a terminal.
pub struct Spinner {
    text: Arc<Mutex<String>>,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Spinner {
    /// Starts to show this text.
    pub fn start(text: &str, environment: &Environment) -> Spinner {
        let text = Arc::new(Mutex::new(text.to_owned()));
        if !super::is_stderr() || environment.no_color {
            return Spinner { text, thread: None };
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let shown = Arc::clone(&text);
        let thread = thread::spawn(move || {
            for frame in FRAMES.iter().cycle() {
                let text = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
                draw(&format!("\r{frame} {text}\u{1b}[K"));
                if stopped.recv_timeout(PACE) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            draw("\r\u{1b}[K");
        });
        Spinner {
            text,
            thread: Some((stop, thread)),
        }
    }

    /// Changes the text.
    pub fn set_text(&self, text: &str) {
        let mut shown = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone_into(&mut shown);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

fn draw(text: &str) {
    let mut errors = io::stderr();
    let _ = errors.write_all(text.as_bytes());
    let _ = errors.flush();
}
