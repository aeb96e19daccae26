//! The Heroku CLI's browser login: a page to open, and one long poll for the token.
//!
//! It is no documented API, and it wants browser and program to come from one address, so that it
//! cannot work in a Codespace or over SSH: each failure leads to the login with a token.
//!
//! Source: the Heroku CLI's `login.js`.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::failure::scrubbed;
use super::transport::Method;
use super::{Asker, Failure, PlatformApi};
use crate::credential::Token;

const SERVICE: &str = "https://cli-auth.heroku.com";

/// A login that waits for its person.
pub struct BrowserLogin {
    /// The page to open.
    pub page: String,
    poll: String,
    token: Zeroizing<String>,
}

impl PlatformApi {
    /// Asks for a page on which a person can log this machine in.
    ///
    /// # Errors
    /// Why there is none.
    pub fn start_browser_login(&self, description: &str) -> Result<BrowserLogin, Failure> {
        let service = self.login_service()?;
        let mut request = self.request(Method::Post, "", Asker::Nobody);
        request.url = format!("{service}/auth");
        request.body = Some(json!({"description": description}));
        let answer = self.transport.send_once(&request)?.body;
        let path = |key: &str| {
            answer
                .get(key)
                .and_then(Value::as_str)
                .filter(|p| is_path(p))
        };
        let (Some(page), Some(poll), Some(token)) = (
            path("browser_url"),
            path("cli_url"),
            answer.get("token").and_then(Value::as_str),
        ) else {
            return Err(Failure::Garbled);
        };
        Ok(BrowserLogin {
            page: format!("{service}{page}"),
            poll: format!("{service}{poll}"),
            token: Zeroizing::new(token.to_owned()),
        })
    }

    /// Waits until the person is done in the browser.
    ///
    /// # Errors
    /// [`Failure::BrowserLogin`] with the service's words, or that the time is over.
    pub fn await_browser_login(
        &self,
        login: &BrowserLogin,
        until: Instant,
    ) -> Result<Token, Failure> {
        const PAUSE: Duration = Duration::from_secs(2);
        let mut request = self.request(Method::Get, "", Asker::Poll(&login.token));
        request.url.clone_from(&login.poll);
        loop {
            match self.transport.send_once(&request) {
                Ok(answer) => return token_in(&answer.body),
                // The poll itself times out while the person is still reading.
                Err(Failure::Server(502..=504) | Failure::Unreachable { .. })
                    if Instant::now() + PAUSE < until =>
                {
                    thread::sleep(PAUSE);
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// `HEROKU_LOGIN_HOST` may name another service of Heroku's, and nobody else's.
    fn login_service(&self) -> Result<String, Failure> {
        let Some(named) = &self.login_host else {
            return Ok(SERVICE.to_owned());
        };
        let named = named.trim_end_matches('/');
        let host = named.strip_prefix("https://").ok_or(Failure::NotHeroku)?;
        match host.strip_suffix(".heroku.com") {
            Some(label) if label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => {
                Ok(named.to_owned())
            }
            _ => Err(Failure::NotHeroku),
        }
    }
}

/// A path on the service itself, and no address of another.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~?=&%".contains(c);
    text.starts_with('/') && !text.starts_with("//") && text.chars().all(plain)
}

fn token_in(answer: &Value) -> Result<Token, Failure> {
    if let Some(error) = answer.get("error").and_then(Value::as_str) {
        return Err(Failure::BrowserLogin(scrubbed(error)));
    }
    let token = answer.get("access_token").and_then(Value::as_str);
    token
        .and_then(|token| Token::parse(token).ok())
        .ok_or(Failure::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_is_joined_to_the_service() {
        assert!(is_path("/auth/browser/0-1?x=y"));
        for text in [
            "",
            "auth",
            "//evil.example",
            "https://evil.example",
            "/a b",
            "/a\n",
            "/@evil",
        ] {
            assert!(!is_path(text), "{text:?}");
        }
    }
}
