//! What git would be served just now, for the commands that tell of it.

use super::{Answer, Wanted, find};
use crate::environment::Environment;
use crate::hosts::{HerokuHost, Service};

impl Answer {
    /// The answer to a git that names no account, asking about the Heroku that is in use.
    ///
    /// Takes and does what [`find`] does.
    pub fn to_git(environment: &Environment) -> Answer {
        let host = HerokuHost::in_sight(Service::Git, environment.heroku_host.as_deref());
        let wanted = Wanted {
            host: &host,
            account: None,
        };
        find(&wanted, environment)
    }
}
