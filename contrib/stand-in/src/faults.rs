//! The faults: which requests they affect, and how often.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use crate::request_log::Recorded;
use crate::state::locked;

/// Which requests a fault affects, or a test waits for.
///
/// A path matches every path that begins with it. A method can come before it: `POST /oauth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Every request.
    Any,
    /// Every request to a host.
    Host(&'static str),
    /// Every request to a path, on any host.
    Path(&'static str),
    /// Every request to a host and a path.
    HostPath(&'static str, &'static str),
}

/// How often a fault occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Until the faults are cleared.
    Always,
    /// This number of times.
    Exactly(usize),
    /// After this number of requests, until the faults are cleared.
    After(usize),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The proxy itself refuses to connect: 502.
    NoTunnel,
    /// The proxy asks for its own password: 407.
    ProxyPassword,
    /// The connection is closed before the TLS handshake.
    CloseTunnel,
    /// Plain HTTP where TLS is expected, as from a captive portal.
    PlainHttp,
    /// A certificate for another name.
    WrongName,
    /// A certificate of a CA that clients do not trust.
    UntrustedCa,
    /// A certificate that has expired.
    Expired,

    /// The request is held until [`crate::StandIn::release`], then served as usual.
    Pause,
    /// This status, with headers as lines `Name: value` and a body; the request has no effect.
    Status(u16, Vec<&'static str>, String),
    /// The connection is closed before a byte of the answer; the request has no effect.
    Close,
    /// No answer at all, for as long as the client waits; the request has no effect.
    Hang,
    /// A body without an end.
    EndlessBody,
    /// A small body that decompresses to 64 MiB.
    Bomb,
    /// JSON of this number of bytes.
    LargeBody(usize),

    /// The request has its effect, and its answer is held until [`crate::StandIn::release`].
    PauseAnswer,
    /// The request has its effect, and the connection is closed before a byte of the answer.
    LoseAnswer,
    /// The connection is closed in the middle of the answer's body.
    CutBody,
    /// The answer's body comes byte by byte, with this pause after each.
    SlowBody(Duration),
    /// The answer's body is compressed, whether the client supports it or not.
    Gzip,
    /// Every value in the answer has the wrong type.
    WrongTypes,
    /// The member at this path (`access_token.token`; in each entry of a list) has this value.
    Member(&'static str, Value),
    /// The list has no end: each page names a new next page.
    EndlessPages,
    /// The list has no end: each page names the same next page.
    SamePage,
}

/// When a fault occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the first request.
    Tunnel,
    /// Before the request has its effect.
    Request,
    /// After the request had its effect.
    Answer,
}

impl Fault {
    /// A status with an error in the API's format.
    pub fn api(status: u16, id: &str, message: &str) -> Fault {
        Fault::json(status, &json!({"id": id, "message": message}))
    }

    /// A status with any JSON.
    pub fn json(status: u16, body: &Value) -> Fault {
        let headers = vec![
            "Content-Type: application/json",
            "Request-Id: 11111111-2222-4333-a444-555555555555",
        ];
        Fault::Status(status, headers, body.to_string())
    }

    /// A status with an HTML page, as a proxy sends it.
    pub fn page(status: u16) -> Fault {
        let body = "<html><body>an error page</body></html>".to_owned();
        Fault::Status(status, vec!["Content-Type: text/html"], body)
    }

    /// A status of the git server. A 401 has its challenge.
    pub fn git(status: u16) -> Fault {
        let headers = match status {
            401 => vec!["WWW-Authenticate: Basic realm=\"Heroku\""],
            _ => Vec::new(),
        };
        Fault::Status(status, headers, "the server's words\n".to_owned())
    }

    /// A redirect: 302, or another 3xx status. `location` is a line `Location: URL`.
    pub fn redirect(status: u16, location: &'static str) -> Fault {
        Fault::Status(status, vec![location], String::new())
    }

    /// Too many requests. `wait_headers` are lines such as `Retry-After: SECONDS`.
    pub fn rate_limit(wait_headers: impl IntoIterator<Item = &'static str>) -> Fault {
        let mut headers = vec!["Content-Type: application/json", "RateLimit-Remaining: 0"];
        headers.extend(wait_headers);
        let body =
            json!({"id": "rate_limit", "message": "Your account reached the API rate limit."});
        Fault::Status(429, headers, body.to_string())
    }

    pub(crate) fn stage(&self) -> Stage {
        match self {
            Fault::NoTunnel
            | Fault::ProxyPassword
            | Fault::CloseTunnel
            | Fault::PlainHttp
            | Fault::WrongName
            | Fault::UntrustedCa
            | Fault::Expired => Stage::Tunnel,
            Fault::Pause
            | Fault::Status(..)
            | Fault::Close
            | Fault::Hang
            | Fault::EndlessBody
            | Fault::Bomb
            | Fault::LargeBody(_) => Stage::Request,
            Fault::PauseAnswer
            | Fault::LoseAnswer
            | Fault::CutBody
            | Fault::SlowBody(_)
            | Fault::Gzip
            | Fault::WrongTypes
            | Fault::Member(..)
            | Fault::EndlessPages
            | Fault::SamePage => Stage::Answer,
        }
    }
}

#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<(On, Fault, Times)>>);

impl Faults {
    pub(crate) fn add(&self, on: On, fault: Fault, times: Times) {
        if times != Times::Exactly(0) {
            self.list().push((on, fault, times));
        }
    }

    pub(crate) fn clear(&self) {
        self.list().clear();
    }

    /// The fault for a connection to this host, before its first request.
    pub(crate) fn at_tunnel(&self, host: &str) -> Option<Fault> {
        self.first_due(|on, stage| stage == Stage::Tunnel && on.matches_parts(host, "", ""))
    }

    /// The fault for this request.
    pub(crate) fn at_request(&self, host: &str, method: &str, path: &str) -> Option<Fault> {
        self.first_due(|on, stage| stage != Stage::Tunnel && on.matches_parts(host, method, path))
    }

    /// The first fault that matches and is due. A fault that is not due yet counts the request.
    fn first_due(&self, matches: impl Fn(&On, Stage) -> bool) -> Option<Fault> {
        let mut list = self.list();
        let mut due = None;
        for (index, (on, fault, times)) in list.iter_mut().enumerate() {
            if !matches(on, fault.stage()) {
                continue;
            }
            match times {
                Times::After(left) if *left > 0 => *left -= 1,
                Times::Always | Times::After(_) => return Some(fault.clone()),
                Times::Exactly(left) => {
                    *left -= 1;
                    due = Some((index, *left));
                    break;
                }
            }
        }
        match due? {
            (index, 0) => Some(list.remove(index).1),
            (index, _) => list.get(index).map(|(_, fault, _)| fault.clone()),
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<(On, Fault, Times)>> {
        locked(&self.0)
    }
}

impl On {
    pub(crate) fn matches(&self, request: &Recorded) -> bool {
        self.matches_parts(&request.host, &request.method, &request.path)
    }

    fn matches_parts(&self, host: &str, method: &str, path: &str) -> bool {
        match self {
            On::Any => true,
            On::Host(name) => *name == host,
            On::Path(start) => begins(start, method, path),
            On::HostPath(name, start) => *name == host && begins(start, method, path),
        }
    }
}

fn begins(start: &str, method: &str, path: &str) -> bool {
    match start.split_once(' ') {
        Some((only, start)) => method == only && path.starts_with(start),
        None => !path.is_empty() && path.starts_with(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrences(faults: &Faults, count: usize) -> Vec<bool> {
        let occurs = |_| faults.at_request("api", "GET", "/apps").is_some();
        (0..count).map(occurs).collect()
    }

    #[test]
    fn a_fault_happens_as_often_as_set() {
        let faults = Faults::default();
        faults.add(On::Any, Fault::Close, Times::Exactly(2));
        assert_eq!(occurrences(&faults, 3), [true, true, false]);
        faults.add(On::Any, Fault::Close, Times::After(1));
        assert_eq!(occurrences(&faults, 3), [false, true, true]);
        faults.clear();
        assert_eq!(occurrences(&faults, 1), [false]);
    }

    #[test]
    fn the_first_of_two_faults_happens_first() {
        let faults = Faults::default();
        faults.add(On::Any, Fault::Close, Times::Exactly(1));
        faults.add(On::Any, Fault::Hang, Times::Always);
        let next = || faults.at_request("api", "GET", "/");
        assert_eq!([next(), next()], [Some(Fault::Close), Some(Fault::Hang)]);
    }

    #[test]
    fn a_fault_only_affects_matching_requests() {
        for (on, matches) in [
            (On::Any, true),
            (On::Host("api"), true),
            (On::Host("git"), false),
            (On::Path("/oauth"), true),
            (On::Path("POST /oauth"), true),
            (On::Path("GET /oauth"), false),
            (On::HostPath("api", "POST /"), true),
            (On::HostPath("git", "POST /"), false),
        ] {
            assert_eq!(
                on.matches_parts("api", "POST", "/oauth/sessions"),
                matches,
                "{on:?}"
            );
        }
    }

    #[test]
    fn a_fault_of_the_tunnel_is_not_a_fault_of_a_request() {
        let faults = Faults::default();
        faults.add(On::Host("api"), Fault::Expired, Times::Always);
        assert_eq!(faults.at_request("api", "GET", "/"), None);
        assert_eq!(faults.at_tunnel("api"), Some(Fault::Expired));
        assert_eq!(faults.at_tunnel("git"), None);
    }
}
