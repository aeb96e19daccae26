//! Decides whether a host is Heroku's, before anything else happens.
//!
//! A token can be looked up only with a [`HerokuHost`], and only this module creates one.

use std::fmt;

/// A Heroku host over https. Each value has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HerokuHost {
    service: Service,
    name: String,
    /// The part that the names of its services share.
    domain: String,
}

/// The Heroku that `HEROKU_HOST` selects: `heroku.com`, if it is not set.
///
/// A name N means `git.N`, `api.N` and `registry.N`. To the Heroku CLI, a URL means one host for all of them; no Heroku
/// has such a host.
///
/// Source: the Heroku CLI's `vars.js`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heroku {
    /// None if the variable names a host that is not Heroku's.
    domain: Option<String>,
}

impl Default for Heroku {
    fn default() -> Heroku {
        Heroku {
            domain: Some(PRODUCTION.to_owned()),
        }
    }
}

impl Heroku {
    /// Reads the value of `HEROKU_HOST`.
    pub fn parse(heroku_host: &str) -> Heroku {
        let domain = heroku_host.to_ascii_lowercase();
        Heroku {
            domain: Some(domain).filter(|domain| is_heroku_domain(domain)),
        }
    }

    /// Its host for a service.
    ///
    /// None if `HEROKU_HOST` names a host that is not Heroku's: then nothing may be sent, not even to `heroku.com`.
    pub fn host(&self, service: Service) -> Option<HerokuHost> {
        Some(HerokuHost::on(self.domain.clone()?, service))
    }

    /// The same, or the host of `heroku.com` if `HEROKU_HOST` names a host that is not Heroku's: to look up tokens,
    /// which sends nothing.
    pub fn host_or_default(&self, service: Service) -> HerokuHost {
        self.host(service)
            .unwrap_or_else(|| HerokuHost::production(service))
    }
}

/// What a Heroku host is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The git server, `git.heroku.com`.
    Git,
    /// The Platform API, `api.heroku.com`.
    Api,
    /// The container registry, `registry.heroku.com`: for docker, never for git.
    Registry,
}

/// The domains on which Heroku runs its services, and so the only ones that `HEROKU_HOST` may name.
///
/// Source: the Heroku CLI's allow-list, from which these names and their subdomains are taken. Customers get names
/// below `herokuspace.com`, and any user of the machine can listen on loopback, so neither is accepted.
const DOMAINS: [&str; 3] = [PRODUCTION, "herokai.com", "herokudev.com"];

/// The domain that is used without `HEROKU_HOST`.
const PRODUCTION: &str = "heroku.com";

impl HerokuHost {
    /// The host of `heroku.com` for a service, independent of the environment.
    pub fn production(service: Service) -> HerokuHost {
        HerokuHost::on(PRODUCTION.to_owned(), service)
    }

    fn on(domain: String, service: Service) -> HerokuHost {
        HerokuHost {
            service,
            name: format!("{}.{domain}", service.label()),
            domain,
        }
    }

    /// The host of another service of the same Heroku.
    #[must_use]
    pub fn sibling(&self, service: Service) -> HerokuHost {
        HerokuHost::on(self.domain.clone(), service)
    }

    /// The host, if it is one that may get a token: https, and exactly `git.heroku.com` or
    /// `api.heroku.com`, or the hosts of the `selected` Heroku.
    ///
    /// Letter case and an explicit `:443` make no difference. A name with a trailing dot is another name, for which
    /// git has checked another certificate.
    pub fn from_request(scheme: &str, host: &str, selected: &Heroku) -> Option<HerokuHost> {
        if !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        HerokuHost::find_in(&[Service::Git, Service::Api], host, selected)
    }

    /// The container registry, if docker's name for a server means it: `registry.heroku.com`, or the registry of
    /// the `selected` Heroku.
    ///
    /// `https://` before the name and the path of the registry's API after it make no difference. With any other path,
    /// a user name or another port it is another server.
    pub fn from_registry_name(server: &str, selected: &Heroku) -> Option<HerokuHost> {
        let server = server.strip_prefix("https://").unwrap_or(server);
        let (host, path) = server.split_once('/').unwrap_or((server, ""));
        let is_whole = ["", "v1", "v1/", "v2", "v2/"].contains(&path);
        let found = HerokuHost::find_in(&[Service::Registry], host, selected);
        found.filter(|_| is_whole)
    }

    fn find_in(services: &[Service], host: &str, selected: &Heroku) -> Option<HerokuHost> {
        let host = host.to_ascii_lowercase();
        let (label, domain) = host.strip_suffix(":443").unwrap_or(&host).split_once('.')?;
        let service = *services.iter().find(|service| service.label() == label)?;
        let is_ours = domain == PRODUCTION || selected.domain.as_deref() == Some(domain);
        is_ours.then(|| HerokuHost::on(domain.to_owned(), service))
    }

    /// The API's host of this name, as [`HerokuHost::api_name`] gives it; none if it is not Heroku's.
    pub fn from_api_name(name: &str) -> Option<HerokuHost> {
        Heroku::parse(name.strip_prefix("api.")?).host(Service::Api)
    }

    /// The name of the API's host of the same Heroku, which identifies that Heroku.
    pub fn api_name(&self) -> String {
        self.sibling(Service::Api).name
    }

    /// Whether a host of this name may be one of Heroku's, in any letter case.
    pub fn may_have_name(name: &[u8]) -> bool {
        let name = std::str::from_utf8(name).map(str::to_ascii_lowercase);
        name.is_ok_and(|name| is_heroku_domain(&name))
    }

    /// Whether it is a host of `heroku.com`, which is used without `HEROKU_HOST`.
    pub fn is_production(&self) -> bool {
        self.domain == PRODUCTION
    }

    /// What the host is for.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The host's name in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host's address, without a slash at its end.
    pub fn url(&self) -> String {
        format!("https://{}", self.name)
    }
}

impl fmt::Display for HerokuHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Service {
    fn label(self) -> &'static str {
        match self {
            Service::Git => "git",
            Service::Api => "api",
            Service::Registry => "registry",
        }
    }
}

/// A plain DNS name on one of Heroku's domains, without a port.
fn is_heroku_domain(value: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let is_plain = |label: &str| !label.is_empty() && label.bytes().all(is_allowed);
    let before = DOMAINS.iter().find_map(|domain| value.strip_suffix(domain));
    let is_heroku = before.is_some_and(|before| before.is_empty() || before.ends_with('.'));
    is_heroku && value.split('.').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn service_of(scheme: &str, host: &str) -> Option<Service> {
        HerokuHost::from_request(scheme, host, &Heroku::default()).map(|host| host.service())
    }

    #[test]
    fn heroku_hosts_are_accepted_in_every_spelling_that_git_passes_on() {
        for host in ["git.heroku.com", "GIT.Heroku.COM", "git.heroku.com:443"] {
            assert_eq!(service_of("https", host), Some(Service::Git), "{host}");
        }
        assert_eq!(service_of("HTTPS", "api.heroku.com"), Some(Service::Api));
    }

    #[test]
    fn look_alike_hosts_are_rejected() {
        for host in [
            "",
            "heroku.com",
            "git.heroku.com.",
            "git.heroku.com:8443",
            "git.heroku.com:0443",
            "git.heroku.com:443:443",
            "git.heroku.com.evil.example",
            "evil-git.heroku.com",
            "x.git.heroku.com",
            "git.heroku.com@evil.example",
            "ann@git.heroku.com",
            "git.heroku.com/",
            "git.heroku.com ",
            "git.heroku.com\0",
            "gít.heroku.com",
            "git.herоku.com",
            "registry.heroku.com",
        ] {
            assert_eq!(service_of("https", host), None, "{host:?}");
        }
        assert_eq!(service_of("http", "git.heroku.com"), None);
        assert_eq!(service_of("", "git.heroku.com"), None);
        assert_eq!(service_of("ftp", "git.heroku.com"), None);
    }

    #[test]
    fn docker_calls_the_registry_by_several_names() {
        for server in [
            "registry.heroku.com",
            "REGISTRY.heroku.com:443",
            "https://registry.heroku.com",
            "https://registry.heroku.com/",
            "https://registry.heroku.com/v1/",
            "registry.heroku.com/v2",
        ] {
            let registry = HerokuHost::from_registry_name(server, &Heroku::default()).unwrap();
            assert_eq!(registry.service(), Service::Registry, "{server}");
        }
        let staging = Heroku::parse("herokudev.com");
        let registry = HerokuHost::from_registry_name("registry.herokudev.com", &staging);
        assert!(registry.is_some());
    }

    #[test]
    fn look_alike_registries_are_rejected() {
        for server in [
            "",
            "/",
            "https://",
            "http://registry.heroku.com",
            "https://https://registry.heroku.com",
            "registry.heroku.com.",
            "registry.heroku.com:5000",
            "registry.heroku.com.evil.example",
            "registry.heroku.com@evil.example",
            "_@registry.heroku.com",
            "https://registry.heroku.com/blue-sky/web",
            "https://registry.heroku.com/@evil.example",
            "registry.heroku.com\\@evil.example",
            "registry.heroku.com ",
            "git.heroku.com",
            "api.heroku.com",
            "heroku.com",
            "registry.evil.example",
        ] {
            let found = HerokuHost::from_registry_name(server, &Heroku::parse("evil.example"));
            assert_eq!(found, None, "{server:?}");
        }
    }

    #[test]
    fn heroku_host_adds_only_hosts_of_heroku() {
        let with =
            |value, host| HerokuHost::from_request("https", host, &Heroku::parse(value)).is_some();
        assert!(with("herokudev.com", "git.herokudev.com"));
        assert!(with("staging.herokudev.com", "api.staging.herokudev.com"));
        assert!(with("evil.example", "git.heroku.com"));
        for (value, host) in [
            ("evil.example", "git.evil.example"),
            (
                "evil-localhost.example.com",
                "git.evil-localhost.example.com",
            ),
            ("127.0.0.1.evil.example", "git.127.0.0.1.evil.example"),
            ("evilheroku.com", "git.evilheroku.com"),
            ("http://git.herokudev.com", "git.herokudev.com"),
            ("https://evil.example/herokudev.com", "evil.example"),
            (
                "https://evil.example/.herokudev.com",
                "evil.example/.herokudev.com",
            ),
            ("https://a@herokudev.com", "a@herokudev.com"),
            ("localhost", "git.localhost"),
            ("https://git.herokai.com", "git.herokai.com"),
            ("https://localhost", "localhost"),
            ("https://localhost:8443", "localhost:8443"),
            ("https://127.0.0.1:8443", "127.0.0.1:8443"),
            ("https://[::1]:8443", "[::1]:8443"),
            ("herokuspace.com", "git.herokuspace.com"),
            ("mine.herokuspace.com", "git.mine.herokuspace.com"),
            ("https://app.herokuspace.com", "app.herokuspace.com"),
            ("herokudev.com:8443", "git.herokudev.com:8443"),
            ("", "git."),
        ] {
            assert!(!with(value, host), "{value} {host}");
        }
    }

    #[test]
    fn a_heroku_is_identified_by_its_api_host() {
        for (heroku, name) in [
            (Heroku::default(), "api.heroku.com"),
            (Heroku::parse("heroku.com"), "api.heroku.com"),
            (
                Heroku::parse("staging.herokudev.com"),
                "api.staging.herokudev.com",
            ),
        ] {
            let git = heroku.host(Service::Git).unwrap();
            assert_eq!(git.api_name(), name);
            let api = heroku.host(Service::Api).unwrap();
            assert_eq!(HerokuHost::from_api_name(name).as_ref(), Some(&api));
            assert_eq!(api.is_production(), name == "api.heroku.com");
        }
        assert_eq!(HerokuHost::from_api_name("api.evil.example"), None);
        assert_eq!(HerokuHost::from_api_name(""), None);
    }

    #[test]
    fn an_invalid_heroku_host_leaves_no_host() {
        assert_eq!(Heroku::parse("evil.example").host(Service::Api), None);
        let api = Heroku::default().host(Service::Api).unwrap();
        assert_eq!(api.url(), "https://api.heroku.com");
    }

    proptest! {
        #[test]
        fn only_the_exact_host_names_are_accepted(scheme in "[a-zA-Z]{0,6}", host in ".*") {
            if let Some(ours) = HerokuHost::from_request(&scheme, &host, &Heroku::default()) {
                prop_assert!(scheme.eq_ignore_ascii_case("https"));
                let lower = host.to_ascii_lowercase();
                let spellings = [ours.name().to_owned(), format!("{}:443", ours.name())];
                prop_assert!(spellings.contains(&lower));
            }
        }

        #[test]
        fn every_accepted_host_is_on_the_list_whatever_heroku_host_contains(value in ".*", host in ".*") {
            if let Some(ours) = HerokuHost::from_request("https", &host, &Heroku::parse(&value)) {
                let name = ours.name();
                let listed = DOMAINS.iter().any(|d| name == *d || name.ends_with(&format!(".{d}")));
                prop_assert!(listed);
            }
        }
    }
}
