//! Every request, in the order of arrival, and every attempt to reach another host.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::message::Request;
use crate::state::locked;

/// A request that was received.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The host.
    pub host: String,
    /// The path, without the query.
    pub path: String,
    /// The query.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it was received; only the first 64 KiB of a pack.
    pub body: Vec<u8>,
    /// The status of the answer; 0 if there is none yet.
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
pub(crate) struct RequestNumber(u64);

#[derive(Default)]
pub(crate) struct RequestLog {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    requests: Vec<(RequestNumber, Recorded)>,
    other_hosts: Vec<String>,
    next: u64,
}

impl RequestLog {
    pub(crate) fn add(&self, host: &str, request: &Request) -> RequestNumber {
        let mut lines = self.lines();
        let number = RequestNumber(lines.next);
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
        lines.requests.push((number, recorded));
        self.changed.notify_all();
        number
    }

    pub(crate) fn set_body(&self, number: RequestNumber, body: Vec<u8>) {
        self.change(number, |recorded| recorded.body = body);
    }

    pub(crate) fn set_status(&self, number: RequestNumber, status: u16) {
        self.change(number, |recorded| recorded.status = status);
    }

    pub(crate) fn add_other_host(&self, what: &str) {
        self.lines().other_hosts.push(what.to_owned());
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        let lines = self.lines();
        lines
            .requests
            .iter()
            .map(|(_, recorded)| recorded.clone())
            .collect()
    }

    pub(crate) fn request(&self, number: RequestNumber) -> Option<Recorded> {
        let lines = self.lines();
        let found = lines.requests.iter().find(|(other, _)| *other == number);
        found.map(|(_, recorded)| recorded.clone())
    }

    pub(crate) fn other_hosts(&self) -> Vec<String> {
        self.lines().other_hosts.clone()
    }

    pub(crate) fn forget_requests(&self) {
        self.lines().requests.clear();
    }

    /// The first request in the log that matches. Waits for it if there is none.
    pub(crate) fn wait_for(
        &self,
        matches: impl Fn(&Recorded) -> bool,
        timeout: Duration,
    ) -> Option<Recorded> {
        let first = |lines: &Lines| {
            let mut requests = lines.requests.iter().map(|(_, recorded)| recorded);
            requests.find(|recorded| matches(recorded)).cloned()
        };
        let waited = self
            .changed
            .wait_timeout_while(self.lines(), timeout, |lines| first(lines).is_none());
        let (lines, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        first(&lines)
    }

    fn change(&self, number: RequestNumber, change: impl FnOnce(&mut Recorded)) {
        let mut lines = self.lines();
        let found = lines
            .requests
            .iter_mut()
            .find(|(other, _)| *other == number);
        if let Some((_, recorded)) = found {
            change(recorded);
        }
        self.changed.notify_all();
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        locked(&self.lines)
    }
}
