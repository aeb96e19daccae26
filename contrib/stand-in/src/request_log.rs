//! Every request, in the order of arrival, and every attempt to reach another host.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::message::Request;
use crate::state::locked;

/// A request that was seen.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The host that was meant.
    pub host: String,
    /// The path, without the query.
    pub path: String,
    /// The query.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as it came; of a pack that is sent to git's server, the first 64 KiB.
    pub body: Vec<u8>,
    /// The status that it was answered with; 0 where it has had no answer.
    pub status: u16,
}

impl Recorded {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The number of a request in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen(u64);

#[derive(Default)]
pub(crate) struct RequestLog {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    requests: Vec<(Seen, Recorded)>,
    other_hosts: Vec<String>,
    next: u64,
}

impl RequestLog {
    pub(crate) fn arrived(&self, host: &str, request: &Request) -> Seen {
        let mut lines = self.lines();
        let seen = Seen(lines.next);
        lines.next += 1;
        let Request {
            method,
            path,
            query,
            headers,
            body,
        } = request.clone();
        let recorded = Recorded {
            method,
            host: host.to_owned(),
            path,
            query,
            headers,
            body,
            status: 0,
        };
        lines.requests.push((seen, recorded));
        self.changed.notify_all();
        seen
    }

    pub(crate) fn had_body(&self, seen: Seen, body: Vec<u8>) {
        self.change(seen, |recorded| recorded.body = body);
    }

    pub(crate) fn answered(&self, seen: Seen, status: u16) {
        self.change(seen, |recorded| recorded.status = status);
    }

    pub(crate) fn add_other_host(&self, what: &str) {
        self.lines().other_hosts.push(what.to_owned());
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        let lines = self.lines();
        lines
            .requests
            .iter()
            .map(|(_, seen)| seen.clone())
            .collect()
    }

    pub(crate) fn request(&self, seen: Seen) -> Option<Recorded> {
        let lines = self.lines();
        let found = lines.requests.iter().find(|(other, _)| *other == seen);
        found.map(|(_, recorded)| recorded.clone())
    }

    pub(crate) fn other_hosts(&self) -> Vec<String> {
        self.lines().other_hosts.clone()
    }

    pub(crate) fn forget_requests(&self) {
        self.lines().requests.clear();
    }

    /// The first request in the log that is so, waited for if need be.
    pub(crate) fn wait_for(
        &self,
        is_so: impl Fn(&Recorded) -> bool,
        timeout: Duration,
    ) -> Option<Recorded> {
        let first = |lines: &Lines| {
            let mut requests = lines.requests.iter().map(|(_, recorded)| recorded);
            requests.find(|recorded| is_so(recorded)).cloned()
        };
        let waited = self
            .changed
            .wait_timeout_while(self.lines(), timeout, |lines| first(lines).is_none());
        let (lines, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        first(&lines)
    }

    fn change(&self, seen: Seen, change: impl FnOnce(&mut Recorded)) {
        let mut lines = self.lines();
        let found = lines.requests.iter_mut().find(|(other, _)| *other == seen);
        if let Some((_, recorded)) = found {
            change(recorded);
        }
        self.changed.notify_all();
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        locked(&self.lines)
    }
}
