//! What every request and command works with: the environment, the keyring, the API client, git, the time.
//!
//! The keyring and the client are opened when they are first used, so that a request that needs neither does
//! not pay for them.

use std::cell::{Cell, OnceCell};
use std::time::Duration;

use jiff::Timestamp;

use crate::environment::Environment;
use crate::git::Git;
use crate::heroku_api::{ApiError, HerokuApi};
use crate::keyring::{self, Keyring};

/// The dependencies of one process.
pub struct Context {
    /// The variables that the process was started with.
    pub environment: Environment,
    keyring: OnceCell<Box<dyn Keyring>>,
    is_for_git: Cell<bool>,
    api: OnceCell<HerokuApi>,
    git: OnceCell<Git>,
    clock: fn() -> Timestamp,
}

impl Context {
    /// A context with the keyring and the API client that the environment names. Opens nothing.
    pub fn new(environment: Environment) -> Context {
        Context {
            environment,
            keyring: OnceCell::new(),
            is_for_git: Cell::new(false),
            api: OnceCell::new(),
            git: OnceCell::new(),
            clock: Timestamp::now,
        }
    }

    /// The same context at another time, for tests.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> Timestamp) -> Context {
        Context { clock, ..self }
    }

    /// The same context with another keyring, for tests.
    #[must_use]
    pub fn with_keyring(self, keyring: Box<dyn Keyring>) -> Context {
        Context {
            keyring: OnceCell::from(keyring),
            ..self
        }
    }

    /// Sets the keyring's limits for a request of git or docker: one limit for all operations, and no
    /// more time for a prompt.
    /// Call it before the keyring is used.
    pub fn serves_git(&self) {
        self.is_for_git.set(true);
    }

    /// The keyring of this session: one connection for all operations of this process.
    pub fn keyring(&self) -> &dyn Keyring {
        let keyring = self
            .keyring
            .get_or_init(|| keyring::open(&self.environment, !self.is_for_git.get()));
        keyring.as_ref()
    }

    /// The git that a push would run.
    pub fn git(&self) -> Git {
        let git = self.git.get_or_init(|| Git::new(&self.environment));
        git.clone()
    }

    /// Heroku's API on the host in use. `limit` bounds each request as a whole.
    ///
    /// # Errors
    /// [`ApiError::NotHeroku`] if `HEROKU_HOST` names a host that is not Heroku's; [`ApiError::Setting`] if a
    /// variable about the proxy or the CA certificates is wrong.
    pub fn api(&self, limit: Duration) -> Result<HerokuApi, ApiError> {
        let api = match self.api.get() {
            Some(api) => api,
            None => {
                let api = HerokuApi::new(&self.environment, limit)?;
                self.api.get_or_init(|| api)
            }
        };
        Ok(api.with_limit(limit))
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
