//! Heroku's Platform API, and the login service of the Heroku CLI: the only module that opens a
//! socket to Heroku.
//!
//! A token is only sent to a `HerokuHost`: no redirect is followed, every certificate is verified
//! with the system's CA certificates, and every wait and every body has a limit. Before a server's
//! message is shown, control characters and everything that looks like a secret are removed.

#![allow(
    clippy::disallowed_types,
    reason = "this module opens the sockets to Heroku"
)]

mod authorizations;
mod browser;
mod call;
mod client;
mod error;
mod network_error;
mod request;
mod response;

use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::Client;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};

use crate::account::{Account, Verdict};
use crate::environment::Environment;
use crate::hosts::{HerokuHost, Service};
use crate::token::Token;
use crate::trace::Trace;

pub use authorizations::{Authorization, NewAuthorization, PasswordLogin, Revoked, position_of};
pub use browser::BrowserLogin;
pub use call::read_headers;
pub use error::{ApiError, ErrorBody};
pub use network_error::NetworkError;
pub use request::{Auth, Request, second_factor};
pub use response::{Pages, Response};

/// Heroku's Platform API, version 3. Copies share their connections.
#[derive(Clone)]
pub struct HerokuApi {
    client: Client,
    /// The proxy's `host:port`.
    proxy: Option<String>,
    trace: Trace,
    host: HerokuHost,
    limit: Duration,
}

/// The account that a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountInfo {
    /// The email, as Heroku spells it.
    #[serde(deserialize_with = "email")]
    pub email: Account,
}

fn email<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Account, D::Error> {
    let email = Account::parse(&String::deserialize(deserializer)?).filter(Account::is_email);
    email.ok_or_else(|| D::Error::custom("not an email"))
}

impl HerokuApi {
    /// The API on the host in use, through the environment's proxy and with its CA certificates.
    ///
    /// `limit` bounds each request as a whole, from looking up the name to the end of the body.
    ///
    /// # Errors
    /// [`ApiError::NotHeroku`] if `HEROKU_HOST` names a host that is not Heroku's; [`ApiError::Setting`] if a
    /// variable about the proxy or the certificates is wrong.
    pub fn new(environment: &Environment, limit: Duration) -> Result<HerokuApi, ApiError> {
        let host = environment.heroku.host(Service::Api);
        let host = host.ok_or(ApiError::NotHeroku)?;
        HerokuApi::of(&host, environment, limit)
    }

    /// The API of the Heroku to which this host belongs, whatever `HEROKU_HOST` says.
    ///
    /// # Errors
    /// [`ApiError::Setting`], as [`HerokuApi::new`].
    pub fn of(
        host: &HerokuHost,
        environment: &Environment,
        limit: Duration,
    ) -> Result<HerokuApi, ApiError> {
        let (client, proxy) = client::client(environment, limit)?;
        Ok(HerokuApi {
            client,
            proxy,
            trace: environment.trace.clone(),
            host: host.sibling(Service::Api),
            limit,
        })
    }

    /// The same API and connections, with another limit for our own requests. Requests from [`HerokuApi::compose`] keep
    /// the first limit.
    #[must_use]
    pub fn with_limit(&self, limit: Duration) -> HerokuApi {
        HerokuApi {
            limit,
            ..self.clone()
        }
    }

    /// The API's host.
    pub fn host(&self) -> &HerokuHost {
        &self.host
    }

    /// The account that a token belongs to: `GET /account`.
    ///
    /// # Errors
    /// [`ApiError::TokenRejected`] if the token is revoked or expired.
    pub fn account(&self, token: &Token) -> Result<Account, ApiError> {
        let info: AccountInfo = self.get("/account", token)?;
        Ok(info.email)
    }

    /// Checks that an app exists, and that the account of this token may see it: `GET /apps/NAME`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] or [`ApiError::Forbidden`] if not.
    pub fn check_app(&self, token: &Token, name: &str) -> Result<(), ApiError> {
        self.get::<IgnoredAny>(&format!("/apps/{name}"), token)
            .map(drop)
    }

    /// Whether Heroku accepts a token, for `erase`: one request, never repeated.
    pub fn verdict(&self, token: &Token) -> Verdict {
        let request = self.request(Method::GET, "/account", Auth::Bearer(token));
        let info = self.json::<AccountInfo>(&request.once());
        info.map(|info| info.email).into()
    }

    /// Checks that Heroku can be reached. Sends no token.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn reach(&self) -> Result<(), ApiError> {
        let request = self.request(Method::GET, "/account", Auth::Anonymous);
        self.send(&request.once()).map(drop)
    }

    /// A request for a path of the API.
    fn request<'a>(&self, method: Method, path: &str, auth: Auth<'a>) -> Request<'a> {
        let url = format!("{}{path}", self.host.url());
        Request::new(method, url, auth, self.limit)
    }

    fn get<T: DeserializeOwned>(&self, path: &str, token: &Token) -> Result<T, ApiError> {
        self.json(&self.request(Method::GET, path, Auth::Bearer(token)))
    }

    fn json<T: DeserializeOwned>(&self, request: &Request<'_>) -> Result<T, ApiError> {
        self.send(request)?.json(request.auth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Heroku;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn parsed(answer: &Value) -> Option<AccountInfo> {
        serde_json::from_slice(&serde_json::to_vec(answer).unwrap()).ok()
    }

    #[test]
    fn an_account_needs_an_email() {
        let info = parsed(&json!({"email": "ann@example.com", "federated": 1, "x": []}));
        assert_eq!(info.unwrap().email.as_str(), "ann@example.com");
        for odd in [
            json!({}),
            json!([]),
            json!(null),
            json!({"email": 7}),
            json!({"email": null}),
            json!({"email": "heroku"}),
            json!({"email": "$(id)@example.com"}),
        ] {
            assert_eq!(parsed(&odd), None, "{odd}");
        }
    }

    #[test]
    fn a_heroku_host_outside_heroku_is_an_error() {
        let environment = Environment {
            heroku: Heroku::parse("evil.example"),
            ..Environment::default()
        };
        let failure = HerokuApi::new(&environment, Duration::from_secs(1)).err();
        assert_eq!(failure, Some(ApiError::NotHeroku));
    }

    proptest! {
        #[test]
        fn no_reply_causes_a_panic(status in 0_u16..1000, text in "[\\[\\]{}:,\"a-z0-9*-]{0,60}") {
            let _ = serde_json::from_str::<AccountInfo>(&text);
            let answer: ErrorBody = serde_json::from_str(&text).unwrap_or_default();
            let _ = ApiError::from_answer(status, &answer, None, Auth::Anonymous).notice();
        }
    }
}
