//! Holds requests until a test releases them, so that a client can be killed in the middle.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::request_log::RequestNumber;
use crate::state::locked;

#[derive(Default)]
pub(crate) struct Gate {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Default)]
struct Held {
    waiting: Vec<RequestNumber>,
    releases: u64,
    stopped: bool,
}

impl Gate {
    /// Holds a request until the next release.
    ///
    /// # Errors
    /// The stand-in has stopped: the request is dropped.
    pub(crate) fn hold(&self, request: RequestNumber) -> io::Result<()> {
        let mut held = locked(&self.held);
        let releases = held.releases;
        held.waiting.push(request);
        self.changed.notify_all();
        let waits = |held: &mut Held| held.releases == releases && !held.stopped;
        let mut held = self
            .changed
            .wait_while(held, waits)
            .unwrap_or_else(PoisonError::into_inner);
        held.waiting.retain(|other| *other != request);
        if held.stopped {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }

    pub(crate) fn release(&self) {
        let mut held = locked(&self.held);
        held.releases += 1;
        held.waiting.clear();
        self.changed.notify_all();
    }

    pub(crate) fn stop(&self) {
        locked(&self.held).stopped = true;
        self.changed.notify_all();
    }

    /// The request that has been held longest. Waits for one if there is none.
    pub(crate) fn wait_for_one(&self, timeout: Duration) -> Option<RequestNumber> {
        let none = |held: &mut Held| held.waiting.is_empty();
        let waited = self
            .changed
            .wait_timeout_while(locked(&self.held), timeout, none);
        let (held, _) = waited.unwrap_or_else(PoisonError::into_inner);
        held.waiting.first().copied()
    }
}
