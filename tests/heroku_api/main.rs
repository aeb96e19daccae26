//! The client of Heroku's API against a Heroku on loopback that does everything wrong in turn.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod authorizations;
mod browser_login;
mod calls;
mod failures;
mod hello;
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

/// A Heroku of its own for each test. When the test is over, nobody else has been asked.
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

    /// What the process would be started with; `more` goes before it.
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

    /// What became of `GET /account` with a good token while this goes wrong.
    fn failure(&self, fault: Fault) -> ApiError {
        self.goes_wrong(fault);
        let failure = self.api().account(&self.token()).unwrap_err();
        self.heroku.clear_faults();
        self.told(&failure);
        failure
    }

    /// What a person is told, which no secret may be in.
    fn told(&self, failure: &ApiError) -> String {
        let told = failure.notice().to_string();
        for text in [&told, &format!("{failure:?}")] {
            for secret in self.heroku.secrets() {
                assert!(!text.contains(&secret), "a secret is in: {text}");
            }
        }
        told
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
            assert_eq!(self.heroku.strangers(), Vec::<String>::new());
        }
    }
}
