//! Browser logins that wait for the user.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::names::{Form, token, uuid};
use crate::state::locked;

/// How long a poll waits for the user. The service's own limit is not known; clients give up
/// after 60 s.
const POLL_TIMEOUT: Duration = Duration::from_secs(30);

/// The user's decision: the account, or the text of the service's error.
pub(crate) type Decision = Result<String, String>;

/// A login that has been started.
#[derive(Debug, Clone)]
pub(crate) struct BrowserLogin {
    pub(crate) id: String,
    pub(crate) poll_token: String,
    decision: Option<Decision>,
}

/// The result of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Poll {
    Decided(Decision),
    TimedOut,
    /// There is no such login, or the token belongs to another one.
    Unknown,
}

#[derive(Default)]
pub(crate) struct BrowserLogins {
    logins: Mutex<Logins>,
    changed: Condvar,
}

#[derive(Default)]
struct Logins {
    pending: Vec<BrowserLogin>,
    next_decision: Option<Decision>,
    stopped: bool,
}

impl Logins {
    fn find(&mut self, id: &str, poll_token: &str) -> Option<&mut BrowserLogin> {
        let mut pending = self.pending.iter_mut();
        pending.find(|login| login.id == id && login.poll_token == poll_token)
    }
}

impl BrowserLogins {
    pub(crate) fn begin(&self) -> BrowserLogin {
        let mut logins = locked(&self.logins);
        let login = BrowserLogin {
            id: uuid(),
            poll_token: token(Form::Current),
            decision: logins.next_decision.take(),
        };
        logins.pending.push(login.clone());
        login
    }

    pub(crate) fn is_pending(&self, id: &str) -> bool {
        locked(&self.logins).pending.iter().any(|one| one.id == id)
    }

    /// Decides the newest login that waits, or the next one.
    pub(crate) fn decide(&self, decision: Decision) {
        let mut logins = locked(&self.logins);
        let mut newest_first = logins.pending.iter_mut().rev();
        match newest_first.find(|login| login.decision.is_none()) {
            Some(login) => login.decision = Some(decision),
            None => logins.next_decision = Some(decision),
        }
        self.changed.notify_all();
    }

    /// Waits for the decision. Returning it ends the login.
    pub(crate) fn poll(&self, id: &str, poll_token: &str) -> Poll {
        let undecided = |logins: &mut Logins| {
            let login = logins.find(id, poll_token);
            needs_decision(login.as_deref()) && !logins.stopped
        };
        let waited = self
            .changed
            .wait_timeout_while(locked(&self.logins), POLL_TIMEOUT, undecided);
        let (mut logins, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let Some(login) = logins.find(id, poll_token) else {
            return Poll::Unknown;
        };
        let Some(decision) = login.decision.take() else {
            return Poll::TimedOut;
        };
        logins.pending.retain(|login| login.id != id);
        Poll::Decided(decision)
    }

    pub(crate) fn stop(&self) {
        locked(&self.logins).stopped = true;
        self.changed.notify_all();
    }
}

fn needs_decision(login: Option<&BrowserLogin>) -> bool {
    login.is_some_and(|login| login.decision.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_for_the_newest_login_or_the_next_one() {
        let logins = BrowserLogins::default();
        let (old, new) = (logins.begin(), logins.begin());
        logins.decide(Ok("ann".to_owned()));
        let poll = |login: &BrowserLogin| logins.poll(&login.id, &login.poll_token);
        assert_eq!(poll(&new), Poll::Decided(Ok("ann".to_owned())));
        logins.decide(Err("no".to_owned()));
        logins.decide(Ok("bob".to_owned()));
        assert_eq!(poll(&old), Poll::Decided(Err("no".to_owned())));
        assert_eq!(poll(&logins.begin()), Poll::Decided(Ok("bob".to_owned())));
    }

    #[test]
    fn a_decision_is_sent_once_and_only_to_the_right_token() {
        let logins = BrowserLogins::default();
        let (one, other) = (logins.begin(), logins.begin());
        logins.decide(Ok("ann".to_owned()));
        assert_eq!(logins.poll(&other.id, &one.poll_token), Poll::Unknown);
        logins.poll(&other.id, &other.poll_token);
        assert_eq!(logins.poll(&other.id, &other.poll_token), Poll::Unknown);
    }

    #[test]
    fn no_request_waits_for_a_stopped_stand_in() {
        let logins = BrowserLogins::default();
        let login = logins.begin();
        logins.stop();
        assert_eq!(logins.poll(&login.id, &login.poll_token), Poll::TimedOut);
    }
}
