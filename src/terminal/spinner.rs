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
    words: Arc<Mutex<String>>,
    turning: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Spinner {
    /// Starts to show this text.
    pub fn start(words: &str, environment: &Environment) -> Spinner {
        let words = Arc::new(Mutex::new(words.to_owned()));
        if !super::is_stderr() || environment.no_color {
            let turning = None;
            return Spinner { words, turning };
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let shown = Arc::clone(&words);
        let turning = thread::spawn(move || {
            for frame in FRAMES.iter().cycle() {
                let words = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
                draw(&format!("\r{frame} {words}\u{1b}[K"));
                if stopped.recv_timeout(PACE) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            draw("\r\u{1b}[K");
        });
        Spinner {
            words,
            turning: Some((stop, turning)),
        }
    }

    /// Changes the text.
    pub fn says(&self, words: &str) {
        let mut shown = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.clone_into(&mut shown);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((stop, turning)) = self.turning.take() {
            drop(stop);
            let _ = turning.join();
        }
    }
}

fn draw(text: &str) {
    let mut errors = io::stderr();
    let _ = errors.write_all(text.as_bytes());
    let _ = errors.flush();
}
