//! What Heroku knows, gathered: each part keeps its own lock, and none is held across another.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::accounts::Accounts;
use crate::apps::Apps;
use crate::authorizations::{Authorization, Authorizations, Grant};
use crate::browser_logins::BrowserLogins;
use crate::faults::Faults;
use crate::gate::Gate;
use crate::request_log::RequestLog;

/// The hosts that are simulated from the start.
const HOSTS: [&str; 5] = [
    "api.heroku.com",
    "git.heroku.com",
    "cli-auth.heroku.com",
    "registry.heroku.com",
    "particleboard.heroku.com",
];

/// How many entries of a list come at once, where the caller names no number: few, so that every
/// client has to turn pages.
const PAGE: usize = 2;

pub(crate) struct State {
    pub(crate) faults: Faults,
    pub(crate) gate: Gate,
    pub(crate) log: RequestLog,
    pub(crate) accounts: Accounts,
    pub(crate) authorizations: Authorizations,
    pub(crate) logins: BrowserLogins,
    pub(crate) apps: Apps,
    added_hosts: Mutex<Vec<String>>,
    secrets: Mutex<Vec<String>>,
    /// The registry's own tokens, each with the account that has it.
    registry_tokens: Mutex<Vec<(String, String)>>,
    /// Every image that was pushed, with its tag.
    images: Mutex<Vec<(String, String)>>,
    passed: Mutex<Duration>,
    page: Mutex<usize>,
}

impl State {
    pub(crate) fn new(apps: PathBuf) -> State {
        State {
            faults: Faults::default(),
            gate: Gate::default(),
            log: RequestLog::default(),
            accounts: Accounts::default(),
            authorizations: Authorizations::default(),
            logins: BrowserLogins::default(),
            apps: Apps::new(apps),
            added_hosts: Mutex::default(),
            secrets: Mutex::default(),
            registry_tokens: Mutex::default(),
            images: Mutex::default(),
            passed: Mutex::default(),
            page: Mutex::new(PAGE),
        }
    }

    /// Lets go of everybody who waits.
    pub(crate) fn stop(&self) {
        self.gate.stop();
        self.logins.stop();
    }

    pub(crate) fn has_host(&self, host: &str) -> bool {
        HOSTS.contains(&host) || locked(&self.added_hosts).iter().any(|added| added == host)
    }

    pub(crate) fn add_host(&self, host: &str) {
        locked(&self.added_hosts).push(host.to_owned());
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + *locked(&self.passed)
    }

    pub(crate) fn advance(&self, by: Duration) {
        *locked(&self.passed) += by;
    }

    pub(crate) fn page(&self) -> usize {
        *locked(&self.page)
    }

    pub(crate) fn set_page(&self, entries: usize) {
        *locked(&self.page) = entries.max(1);
    }

    pub(crate) fn keep_secret(&self, secret: &str) {
        locked(&self.secrets).push(secret.to_owned());
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        locked(&self.secrets).clone()
    }

    /// Makes an authorization, and its account if need be.
    pub(crate) fn authorize(&self, email: &str, grant: Grant) -> Authorization {
        self.accounts.change(email, |_| {});
        let made = self.authorizations.make(email, grant, self.now());
        self.keep_secret(&made.token);
        made
    }

    /// The authorization of a token, while it is valid.
    pub(crate) fn authorization(&self, token: &str) -> Option<Authorization> {
        self.authorizations.live(token, self.now())
    }

    pub(crate) fn owner(&self, token: &str) -> Option<String> {
        Some(self.authorization(token)?.owner)
    }

    pub(crate) fn add_registry_token(&self, token: &str, owner: &str) {
        self.keep_secret(token);
        let held = (token.to_owned(), owner.to_owned());
        locked(&self.registry_tokens).push(held);
    }

    /// The account that has this token of the registry's.
    pub(crate) fn registry_user(&self, token: &str) -> Option<String> {
        let tokens = locked(&self.registry_tokens);
        let found = tokens.iter().find(|(one, _)| one == token);
        found.map(|(_, owner)| owner.clone())
    }

    pub(crate) fn add_image(&self, image: &str, tag: &str) {
        let pushed = (image.to_owned(), tag.to_owned());
        locked(&self.images).push(pushed);
    }

    /// The tags that an image has.
    pub(crate) fn tags(&self, image: &str) -> Vec<String> {
        let images = locked(&self.images);
        let of_it = images.iter().filter(|(name, _)| name == image);
        of_it.map(|(_, tag)| tag.clone()).collect()
    }
}

/// A lock's content; a test that panicked while it held the lock has left nothing half done.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
