//! The client of Heroku's API with a Heroku on loopback that makes every mistake in turn.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod authorizations;
mod browser_login;
mod calls;
mod client_hello;
mod failures;
mod network;
mod password_login;
mod verdicts;

use std::ffi::OsString;
use std::time::Duration;

use git_credential_heroku_rs::environment::Environment;
use git_credential_heroku_rs::heroku_api::{ApiError, HerokuApi};
use git_credential_heroku_rs::token::Token;
use heroku_stand_in::{Fault, On, StandIn, Times};
use tempfile::TempDir;

const ANN: &str = "ann@example.com";
const LIMIT: Duration = Duration::from_secs(10);

/// A Heroku of its own for each test. At the end of the test no other server has got a request.
struct World {
    heroku: StandIn,
    dir: TempDir,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let heroku = StandIn::start(dir.path()).unwrap();
        World { heroku, dir }
    }

    /// The environment of the process; `more` takes precedence over it.
    fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let ca = self.heroku.ca_file().to_str().unwrap().to_owned();
        let proxy = self.heroku.proxy();
        let usual = [
            ("https_proxy", proxy.as_str()),
            ("SSL_CERT_FILE", ca.as_str()),
        ];
        Environment::read(|name| {
            let mut all = more.iter().chain(&usual);
            let found = all.find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    fn api(&self) -> HerokuApi {
        self.api_within(LIMIT)
    }

    fn api_within(&self, limit: Duration) -> HerokuApi {
        HerokuApi::new(&self.environment(&[]), limit).unwrap()
    }

    fn token(&self) -> Token {
        Token::parse(&self.heroku.issue_token(ANN)).unwrap()
    }

    fn goes_wrong(&self, fault: Fault) {
        self.heroku.fault(On::Any, fault, Times::Always);
    }

    /// The result of `GET /account` with a valid token and this fault.
    fn failure(&self, fault: Fault) -> ApiError {
        self.goes_wrong(fault);
        let failure = self.api().account(&self.token()).unwrap_err();
        self.heroku.clear_faults();
        self.message(&failure);
        failure
    }

    /// The message for the user, which must not contain a secret.
    fn message(&self, failure: &ApiError) -> String {
        let message = failure.notice().to_string();
        for text in [&message, &format!("{failure:?}")] {
            for secret in self.heroku.secrets() {
                assert!(!text.contains(&secret), "a secret is in: {text}");
            }
        }
        message
    }

    fn paths(&self) -> Vec<String> {
        let requests = self.heroku.requests();
        let lines = requests.iter().map(|r| format!("{} {}", r.method, r.path));
        lines.collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.heroku.requests_to_other_hosts(), Vec::<String>::new());
        }
    }
}
