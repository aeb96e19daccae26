//! Heroku's Platform API, and the login service of the Heroku CLI: the only room that opens a
//! socket to Heroku.
//!
//! A token goes to a `HerokuHost` and nowhere else: no redirect is followed, every certificate is
//! checked against the system's roots, and every wait and every body has a limit. What a server
//! says is shown only once control characters and everything that looks like a secret are out.

mod authorizations;
mod browser;
mod failure;
mod transport;

use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::credential::{Account, Token, Verdict};
use crate::environment::Environment;
use crate::hosts::{HerokuHost, Service};

pub use authorizations::{Authorization, NewAuthorization, PasswordLogin, Revoked};
pub use browser::BrowserLogin;
pub use failure::Failure;
use transport::{Method, Request, Transport};

/// Heroku's Platform API, version 3.
pub struct PlatformApi {
    transport: Transport,
    host: HerokuHost,
    login_host: Option<String>,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// The email, as Heroku spells it.
    pub email: Account,
    /// The account logs in through its company: its tokens live 8 hours.
    pub federated: bool,
}

/// Who asks.
#[derive(Clone, Copy)]
enum Asker<'a> {
    Nobody,
    Bearer(&'a Token),
    Password(&'a PasswordLogin<'a>),
    Poll(&'a Zeroizing<String>),
}

impl PlatformApi {
    /// The API on the host that is in use. `limit` bounds each request as a whole.
    ///
    /// # Errors
    /// [`Failure::NotHeroku`] where `HEROKU_HOST` names a host that is not Heroku's.
    pub fn new(environment: &Environment, limit: Duration) -> Result<PlatformApi, Failure> {
        let configured = environment.heroku_host.as_deref();
        let host = HerokuHost::in_use(Service::Api, configured).ok_or(Failure::NotHeroku)?;
        Ok(PlatformApi {
            transport: Transport::new(limit)?,
            host,
            login_host: environment.login_host.clone(),
        })
    }

    /// Whose token this is: `GET /account`.
    ///
    /// # Errors
    /// [`Failure::Refused`] where the token is dead.
    pub fn account(&self, token: &Token) -> Result<AccountInfo, Failure> {
        let answer = self.get("/account", Asker::Bearer(token))?;
        account_info(&answer).ok_or(Failure::Garbled)
    }

    /// What Heroku says of a token, for `erase`: one request, never repeated.
    ///
    /// Only a 401 in the API's own form means that it is dead: a proxy's 401 does not.
    pub fn verdict(&self, token: &Token) -> Verdict {
        let request = self.request(Method::Get, "/account", Asker::Bearer(token));
        match self.transport.send_once(&request) {
            Ok(_) | Err(Failure::Forbidden(_) | Failure::Suspended | Failure::Delinquent) => {
                Verdict::Alive
            }
            Err(Failure::Refused) => Verdict::Dead,
            Err(failure) => Verdict::Unknown(failure.to_string()),
        }
    }

    fn request<'a>(&self, method: Method, path: &str, asker: Asker<'a>) -> Request<'a> {
        Request {
            method,
            url: format!("{}{path}", self.host.url()),
            asker,
            body: None,
            second_factor: None,
            range: None,
        }
    }

    fn get(&self, path: &str, asker: Asker<'_>) -> Result<Value, Failure> {
        let request = self.request(Method::Get, path, asker);
        Ok(self.transport.send(&request)?.body)
    }
}

fn account_info(answer: &Value) -> Option<AccountInfo> {
    let email = Account::parse(answer.get("email")?.as_str()?)?;
    email.is_email().then(|| AccountInfo {
        email,
        federated: answer.get("federated").and_then(Value::as_bool) == Some(true),
    })
}
