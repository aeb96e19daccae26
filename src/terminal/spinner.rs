//! A sign of life on stderr while somebody waits. A progress crate would bring five more for it.

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::environment::Environment;

const FRAMES: [&str; 4] = ["|", "/", "-", "\\"];
const PACE: Duration = Duration::from_millis(120);

/// A line that moves for as long as this lives, and then is gone.
///
/// It is shown only on a terminal that can take a line back, and nowhere else.
pub struct Spinner {
    turning: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Spinner {
    /// Shows that something goes on.
    pub fn start(words: &str, environment: &Environment) -> Spinner {
        if !super::is_stderr() || environment.no_color {
            return Spinner { turning: None };
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let words = words.to_owned();
        let turning = thread::spawn(move || {
            for frame in FRAMES.iter().cycle() {
                draw(&format!("\r{frame} {words}"));
                if stopped.recv_timeout(PACE) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            draw("\r\u{1b}[K");
        });
        Spinner {
            turning: Some((stop, turning)),
        }
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
