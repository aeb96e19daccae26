//! The Heroku CLI's browser login: a page to open, and one long poll for the token.
//!
//! This API is not documented. It requires that browser and program have the same IP address, so it
//! cannot work in a Codespace or over SSH: each error suggests the login with a token.
//!
//! Source: the Heroku CLI's `login.js`.

use std::thread;
use std::time::{Duration, Instant};

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::error::scrubbed;
use super::request::Request;
use super::response::{lenient, secret};
use super::{ApiError, Auth, HerokuApi};
use crate::token::Token;

const SERVICE: &str = "https://cli-auth.heroku.com";

/// How long the service may delay its reply to one poll.
const POLL_LIMIT: Duration = Duration::from_secs(60);

/// The login service's reply to a new login.
#[derive(Deserialize)]
struct Started {
    browser_url: String,
    cli_url: String,
    #[serde(deserialize_with = "secret")]
    token: Option<SecretString>,
}

/// The login service's reply when the user has finished.
#[derive(Deserialize)]
struct Finished {
    #[serde(default, deserialize_with = "lenient")]
    error: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    access_token: Option<SecretString>,
}

impl Finished {
    fn into_token(self, auth: Auth<'_>) -> Result<Token, ApiError> {
        if let Some(error) = self.error {
            return Err(ApiError::BrowserLogin(scrubbed(&error, auth)));
        }
        let token = self.access_token.ok_or(ApiError::Garbled)?;
        Token::parse(token.expose_secret()).map_err(|_| ApiError::Garbled)
    }
}

/// A browser login that waits for the user.
pub struct BrowserLogin {
    page: String,
    poll: String,
    token: SecretString,
}

impl BrowserLogin {
    /// The page to open: an https URL on the login service.
    pub fn page(&self) -> &str {
        &self.page
    }
}

impl HerokuApi {
    /// Requests a page where the user can log in.
    ///
    /// # Errors
    /// Why there is none.
    pub fn start_browser_login(&self, description: &str) -> Result<BrowserLogin, ApiError> {
        let url = format!("{SERVICE}/auth");
        let request = Request::new(Method::POST, url, Auth::Anonymous, self.limit);
        let request = request.with_json(&json!({"description": description}));
        let started: Started = self.json(&request)?;
        if !is_path(&started.browser_url) || !is_path(&started.cli_url) {
            return Err(ApiError::Garbled);
        }
        Ok(BrowserLogin {
            page: format!("{SERVICE}{}", started.browser_url),
            poll: format!("{SERVICE}{}", started.cli_url),
            token: started.token.ok_or(ApiError::Garbled)?,
        })
    }

    /// Waits until the user has finished in the browser, at most until `until`.
    ///
    /// # Errors
    /// [`ApiError::BrowserLogin`] with the service's message, or [`ApiError::BrowserLoginExpired`].
    pub fn await_browser_login(
        &self,
        login: &BrowserLogin,
        until: Instant,
    ) -> Result<Token, ApiError> {
        const PAUSE: Duration = Duration::from_secs(1);
        let auth = Auth::Poll(login.token.expose_secret());
        loop {
            let sent = Instant::now();
            let left = until.saturating_duration_since(sent);
            if left.is_zero() {
                return Err(ApiError::BrowserLoginExpired);
            }
            let limit = POLL_LIMIT.min(left);
            let request = Request::new(Method::GET, login.poll.clone(), auth, limit).once();
            let pause = match self.json::<Finished>(&request) {
                Ok(finished) => return finished.into_token(auth),
                // The service delays its reply until the user has finished, longer than some gateways and networks
                // allow. After a reply that took long enough, the next poll needs no pause.
                Err(ApiError::Server(502..=504) | ApiError::Unreachable { .. }) => {
                    PAUSE.saturating_sub(sent.elapsed())
                }
                Err(ApiError::RateLimited(wait)) => wait.unwrap_or_default().max(PAUSE),
                Err(failure) => return Err(failure),
            };
            thread::sleep(pause.min(until.saturating_duration_since(Instant::now())));
        }
    }
}

/// Whether this is a path on the service, and not a URL of another host.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~?=&%".contains(c);
    text.starts_with('/') && !text.starts_with("//") && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_is_accepted_from_the_login_service() {
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
