//! What every request and command works with: the environment, the keyring, the API client, the time.
//!
//! The keyring and the client are opened by the first question to them, so that a request that needs neither
//! pays for neither.

use std::cell::OnceCell;
use std::time::Duration;

use jiff::Timestamp;

use crate::environment::Environment;
use crate::heroku_api::{ApiError, HerokuApi};
use crate::keyring::Keyring;

/// The dependencies of one process.
pub struct Context {
    /// The variables that the process was started with.
    pub environment: Environment,
    api: OnceCell<HerokuApi>,
    clock: fn() -> Timestamp,
}

impl Context {
    /// A context whose keyring and API client are those of the environment. Opens nothing.
    pub fn new(environment: Environment) -> Context {
        Context {
            environment,
            api: OnceCell::new(),
            clock: Timestamp::now,
        }
    }

    /// The same context at another time, for tests.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> Timestamp) -> Context {
        Context { clock, ..self }
    }

    /// The keyring of this session, with a connection and a time limit of its own.
    pub fn keyring(&self) -> Keyring {
        Keyring::new(&self.environment)
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
