//! What is to go wrong, where, and how often.

use std::sync::{Mutex, PoisonError};

/// Which requests a fault meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// Every request.
    Any,
    /// Those to a host.
    Host(&'static str),
    /// Those whose path begins so, on any host; a method may stand before it: `POST /oauth`.
    Path(&'static str),
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Until the faults are cleared.
    Always,
    /// So many times.
    Exactly(usize),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, with headers as lines `Name: value` and a body.
    Status(u16, Vec<&'static str>, String),
    /// The connection is closed before a byte of the answer.
    Close,
    /// The answer's header promises more than comes.
    CutBody,
    /// No answer at all, for as long as the client waits.
    Hang,
    /// A body that does not end.
    EndlessBody,
    /// A small body that unpacks to more than anyone should read.
    Bomb,
    /// The proxy itself refuses to connect.
    NoTunnel,
    /// A certificate for another name.
    WrongName,
    /// A certificate of an authority that nobody trusts.
    WrongAuthority,
    /// A certificate that has ended.
    Expired,
}

impl Fault {
    /// A status of the API's, with an error's body.
    pub fn api(status: u16, id: &str, message: &str) -> Fault {
        let body = serde_json::json!({"id": id, "message": message}).to_string();
        Fault::Status(status, vec!["Content-Type: application/json"], body)
    }

    /// A status with a page that no program understands, as from a proxy in between.
    pub fn page(status: u16) -> Fault {
        let body = "<html><body>an error page</body></html>".to_owned();
        Fault::Status(status, vec!["Content-Type: text/html"], body)
    }

    /// Whether it strikes before there is a request: at the tunnel or in the TLS handshake.
    pub(crate) fn is_early(&self) -> bool {
        match self {
            Fault::NoTunnel | Fault::WrongName | Fault::WrongAuthority | Fault::Expired => true,
            Fault::Status(..)
            | Fault::Close
            | Fault::CutBody
            | Fault::Hang
            | Fault::EndlessBody
            | Fault::Bomb => false,
        }
    }
}

#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<(On, Fault, Times)>>);

impl Faults {
    pub(crate) fn add(&self, on: On, fault: Fault, times: Times) {
        self.list().push((on, fault, times));
    }

    pub(crate) fn clear(&self) {
        self.list().clear();
    }

    /// The fault that meets a connection to this host, before there is a request.
    pub(crate) fn early(&self, host: &str) -> Option<Fault> {
        self.strike(|on, fault| fault.is_early() && on.covers(host, "", ""))
    }

    /// The fault that meets this request.
    pub(crate) fn met(&self, host: &str, method: &str, path: &str) -> Option<Fault> {
        self.strike(|on, fault| !fault.is_early() && on.covers(host, method, path))
    }

    fn strike(&self, meets: impl Fn(&On, &Fault) -> bool) -> Option<Fault> {
        let mut list = self.list();
        let index = list.iter().position(|(on, fault, _)| meets(on, fault))?;
        let (_, fault, times) = list.get_mut(index)?;
        let fault = fault.clone();
        match times {
            Times::Always => {}
            Times::Exactly(left) if *left > 1 => *left -= 1,
            Times::Exactly(_) => {
                list.remove(index);
            }
        }
        Some(fault)
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<(On, Fault, Times)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl On {
    fn covers(&self, host: &str, method: &str, path: &str) -> bool {
        match self {
            On::Any => true,
            On::Host(name) => *name == host,
            On::Path(start) => match start.split_once(' ') {
                Some((only, start)) => method == only && path.starts_with(start),
                None => !path.is_empty() && path.starts_with(start),
            },
        }
    }
}
