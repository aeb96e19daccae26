//! The state of the simulated Heroku. Each part has its own lock, and no lock is held while another is taken.

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

/// The number of entries in a page if the client names none: few, so that every client has to read
/// several pages.
const PAGE_SIZE: usize = 2;

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
    /// The registry's own tokens, each with its account.
    registry_tokens: Mutex<Vec<(String, String)>>,
    /// Every image that was pushed, with its tag.
    images: Mutex<Vec<(String, String)>>,
    /// How far the clock was moved forward.
    time_offset: Mutex<Duration>,
    page_size: Mutex<usize>,
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
            time_offset: Mutex::default(),
            page_size: Mutex::new(PAGE_SIZE),
        }
    }

    /// Ends every wait of a request.
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
        Timestamp::now() + *locked(&self.time_offset)
    }

    pub(crate) fn advance(&self, by: Duration) {
        *locked(&self.time_offset) += by;
    }

    pub(crate) fn page_size(&self) -> usize {
        *locked(&self.page_size)
    }

    pub(crate) fn set_page_size(&self, entries: usize) {
        *locked(&self.page_size) = entries.max(1);
    }

    pub(crate) fn keep_secret(&self, secret: &str) {
        locked(&self.secrets).push(secret.to_owned());
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        locked(&self.secrets).clone()
    }

    /// Creates an authorization, and its account if there is none.
    pub(crate) fn authorize(&self, email: &str, grant: Grant) -> Authorization {
        self.accounts.change(email, |_| {});
        let created = self.authorizations.create(email, grant, self.now());
        self.keep_secret(&created.token);
        created
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

    /// The account of a token of the registry.
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

/// Locks the mutex. It may be poisoned: a test that panicked has left no change incomplete.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
