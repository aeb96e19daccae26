//! Which entries are Heroku's: those of the Heroku that is in use, and of no other.

use crate::environment::Environment;
use crate::hosts::{HerokuHost, Service};

/// The names of Heroku's machines in netrc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machines {
    api: HerokuHost,
    git: HerokuHost,
}

impl Machines {
    /// Those of the Heroku that a host belongs to.
    pub(super) fn of_same_heroku(host: &HerokuHost) -> Machines {
        Machines {
            api: host.sibling(Service::Api),
            git: host.sibling(Service::Git),
        }
    }

    /// Heroku's own.
    pub(super) fn production() -> Machines {
        Machines::of_same_heroku(&HerokuHost::production(Service::Git))
    }

    /// Those that the Heroku CLI reads and writes here. `HEROKU_HOST` may name another Heroku; a host that
    /// is not Heroku's is ignored, as in the CLI.
    pub(super) fn in_use(environment: &Environment) -> Machines {
        let heroku_host = environment.heroku_host.as_deref();
        Machines::of_same_heroku(&HerokuHost::in_use_or_default(Service::Git, heroku_host))
    }

    /// Each once, in the order in which the Heroku CLI writes them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let git = (self.git.name() != self.api.name()).then(|| self.git.name());
        [self.api.name()].into_iter().chain(git)
    }

    /// The service of a machine's name: only the exact names, in any letter case. No suffix and no port.
    pub(super) fn service_of(&self, name: &[u8]) -> Option<Service> {
        let is = |host: &HerokuHost| name.eq_ignore_ascii_case(host.name().as_bytes());
        if is(&self.git) {
            Some(Service::Git)
        } else {
            is(&self.api).then_some(Service::Api)
        }
    }

    /// The services in which a service's login is looked for, in this order. The Heroku CLI writes the same
    /// login for both, and gives git that of the API; a netrc written by hand may have only git's.
    pub(super) fn serving(&self, service: Service) -> &'static [Service] {
        match service {
            Service::Api if self.git.name() != self.api.name() => &[Service::Api, Service::Git],
            Service::Api | Service::Git | Service::Registry => &[Service::Git, Service::Api],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machines_of(heroku_host: &str) -> Machines {
        Machines::in_use(&Environment {
            heroku_host: Some(heroku_host.to_owned()),
            ..Environment::default()
        })
    }

    #[test]
    fn the_machines_are_those_of_the_heroku_in_use() {
        for (heroku_host, names) in [
            (
                "staging.herokudev.com",
                vec!["api.staging.herokudev.com", "git.staging.herokudev.com"],
            ),
            ("https://git.herokai.com", vec!["git.herokai.com"]),
            ("evil.example", vec!["api.heroku.com", "git.heroku.com"]),
        ] {
            assert_eq!(machines_of(heroku_host).names().collect::<Vec<_>>(), names);
        }
    }

    #[test]
    fn one_heroku_has_no_entry_of_another() {
        let staging = machines_of("herokudev.com");
        assert_eq!(staging.service_of(b"API.herokudev.com"), Some(Service::Api));
        for other in ["api.heroku.com", "x.api.herokudev.com", "herokudev.com", ""] {
            assert_eq!(staging.service_of(other.as_bytes()), None);
        }
    }
}
