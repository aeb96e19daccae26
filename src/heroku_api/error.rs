//! Why Heroku did not do what it was asked, typed by what the caller does next.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::lenient::lenient;
use super::network_error::NetworkError;
use super::scrub::scrubbed;
use super::{Auth, PasswordLogin};
use crate::notice::{Command, Fix, Notice};

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApiError {
    /// Heroku itself says that the token is revoked, expired, or was never one.
    #[error("Heroku refuses the token: it is revoked or has expired")]
    Refused,
    /// Email or password are wrong.
    #[error("Heroku refuses the email or the password")]
    WrongPassword,
    /// The second factor is missing or wrong.
    #[error("Heroku wants a code from your authenticator")]
    TwoFactor,
    /// Passwords are no way in for this account.
    #[error("Heroku takes no password for this account: {0}")]
    PasswordLoginOff(NoPassword),
    /// The account is suspended.
    #[error("Heroku has suspended this account")]
    Suspended,
    /// The account has not paid.
    #[error("this account is behind with its payments")]
    Delinquent,
    /// The token may not do this. Carries Heroku's words.
    #[error("the token may not do this: {0}")]
    Forbidden(String),
    /// There is no such thing. Carries Heroku's words.
    #[error("Heroku has no such thing: {0}")]
    NotFound(String),
    /// Heroku does not take the values. Carries its words.
    #[error("Heroku does not take this: {0}")]
    Invalid(String),
    /// Too many requests; how long to wait, where Heroku says it.
    #[error("too many requests to Heroku")]
    RateLimited(Option<Duration>),
    /// Heroku's own fault. Carries the status.
    #[error("Heroku is out of order: it answered with status {0}")]
    Server(u16),
    /// A refusal that is not in Heroku's form: somebody in between has answered, such as a
    /// company's proxy. It says nothing about the token. Carries the status.
    #[error("not Heroku but something on the way to it answered, with status {0}")]
    Foreign(u16),
    /// No answer. Says why.
    #[error("{host} could not be reached: {why}")]
    Unreachable {
        /// The host that was asked, or the proxy on the way to it.
        host: String,
        /// Why, in a few words.
        why: NetworkError,
    },
    /// The certificate is not one to send a token to. Says why.
    #[error("the certificate of {host} is not to be trusted: {why}")]
    Certificate {
        /// The host that was asked.
        host: String,
        /// Why, in a few words.
        why: String,
    },
    /// An answer that makes no sense.
    #[error("the answer from Heroku made no sense")]
    Garbled,
    /// An answer that is larger than any that Heroku gives.
    #[error("the answer from Heroku is too large")]
    TooLarge,
    /// Heroku sent us elsewhere; a token goes nowhere else.
    #[error("Heroku's answer leads to another place, which gets no token")]
    Redirected,
    /// The browser login was refused. Carries the service's words.
    #[error("the browser login was refused: {0}")]
    BrowserLogin(String),
    /// Nobody finished the browser login.
    #[error("the browser login was not finished in time")]
    BrowserLoginExpired,
    /// A Heroku that may not be the one that issued the token refused it. Carries the host's name.
    #[error("{0} refuses this token, which may be another Heroku's")]
    RefusedElsewhere(String),
    /// A Heroku other than heroku.com is asked about the account in use alone. Carries the host's name.
    #[error("{0} was not asked about a token that is not in use")]
    NotAsked(String),
    /// `HEROKU_HOST` or `HEROKU_LOGIN_HOST` names a host that is not Heroku's.
    #[error("{0} names a host that is not Heroku's")]
    NotHeroku(&'static str),
    /// A variable that says how to reach Heroku makes no sense.
    #[error("{variable} is of no use: {why}")]
    Setting {
        /// Its name.
        variable: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// This machine has no certificate authorities.
    #[error("this machine has no certificates to know Heroku by")]
    NoCaCertificates,
}

/// Why an account takes no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoPassword {
    /// Without MFA, only a browser that Heroku knows may log in.
    #[error("it has no MFA, so that only your browser may log in")]
    DeviceTrust,
    /// MFA is demanded, and not set up.
    #[error("it has to set up MFA first")]
    MfaRequired,
    /// It logs in through its company.
    #[error("it logs in through its company (SSO)")]
    Sso,
    /// Heroku has switched passwords off for this account.
    #[error("basic authentication is switched off")]
    BasicAuthOff,
}

impl ApiError {
    /// What happened, and what mends it.
    pub fn notice(&self) -> Notice {
        Notice::new(self.to_string(), self.fix())
    }

    /// Whether the request may have been carried out all the same: only the answer is missing or
    /// makes no sense.
    pub fn is_unclear(&self) -> bool {
        match self {
            ApiError::Unreachable { why, .. } => why.may_have_arrived(),
            ApiError::Server(_) | ApiError::Garbled | ApiError::TooLarge => true,
            _ => false,
        }
    }

    /// Whether no connection came about, so that nothing of the request has arrived.
    pub(super) fn is_before_the_request(&self) -> bool {
        matches!(self, ApiError::Unreachable { why, .. } if why.is_before_the_request())
    }

    fn fix(&self) -> Fix {
        let fix = match self {
            ApiError::Refused => "make a new one: git credential-heroku-rs login",
            ApiError::WrongPassword => {
                "try again, or log in with a token: git credential-heroku-rs login"
            }
            ApiError::TwoFactor => "run it again with a fresh code",
            ApiError::PasswordLoginOff(NoPassword::MfaRequired) => {
                "set it up: https://dashboard.heroku.com/account"
            }
            ApiError::PasswordLoginOff(NoPassword::DeviceTrust) => {
                "log in there: git credential-heroku-rs login --browser"
            }
            ApiError::PasswordLoginOff(_) => "log in with a token: git credential-heroku-rs login",
            ApiError::Suspended | ApiError::Delinquent => {
                "see https://dashboard.heroku.com/account"
            }
            ApiError::Forbidden(_) => "use a token with the scope global",
            ApiError::NotFound(_) | ApiError::Invalid(_) => "",
            ApiError::RateLimited(Some(wait)) => {
                return Fix::advice(format!("wait {} s, then run it again", wait.as_secs()));
            }
            ApiError::RateLimited(None) => "wait a minute, then run it again",
            ApiError::Server(_) | ApiError::Garbled | ApiError::TooLarge => {
                "see https://status.heroku.com, then run it again"
            }
            ApiError::Foreign(_) | ApiError::Redirected => {
                "check HEROKU_HOST and the proxy (https_proxy)"
            }
            ApiError::Unreachable { why, .. } => why.fix(),
            ApiError::Certificate { .. } => {
                "behind a company's proxy: point SSL_CERT_FILE at its certificates; else check the clock"
            }
            ApiError::BrowserLogin(_) | ApiError::BrowserLoginExpired => {
                "log in with a token instead: git credential-heroku-rs login"
            }
            ApiError::RefusedElsewhere(_) | ApiError::NotAsked(_) => {
                return Command::new("unset").arg("HEROKU_HOST").into();
            }
            ApiError::NotHeroku(variable) => return Command::new("unset").arg(variable).into(),
            ApiError::Setting { variable, .. } => {
                return Fix::command("fix it, or run", Command::new("unset").arg(variable));
            }
            ApiError::NoCaCertificates => {
                "install the package ca-certificates, or point SSL_CERT_FILE at a file of them"
            }
        };
        fix.into()
    }

    /// What a status that is no success and its body mean. Status first: the list of ids is open.
    ///
    /// Source: Heroku's Platform API Reference, "Errors"; ids of the login from the Heroku CLI.
    pub fn from_answer(
        status: u16,
        body: &ErrorBody,
        retry_after: Option<Duration>,
        auth: Auth<'_>,
    ) -> ApiError {
        match (status, auth, &body.id) {
            (300..400, ..) => ApiError::Redirected,
            (429, ..) => ApiError::RateLimited(retry_after),
            (500.., ..) => ApiError::Server(status),
            (_, Auth::Anonymous | Auth::Poll(_), None) => match &body.error {
                Some(error) => ApiError::BrowserLogin(scrubbed(error, auth)),
                None => ApiError::Foreign(status),
            },
            // A proxy in between answers 401, 403 and 404 too; only Heroku's own has an id.
            (_, _, None) => ApiError::Foreign(status),
            (_, Auth::Password(login), Some(id)) => ApiError::from_login(status, id, body, login),
            (_, _, Some(id)) => ApiError::from_refusal(status, id, body, auth),
        }
    }

    fn from_login(status: u16, id: &str, body: &ErrorBody, login: &PasswordLogin<'_>) -> ApiError {
        let no_basic_auth = || body.message().to_lowercase().contains("basic auth");
        match (status, id) {
            (_, "device_trust_required") => ApiError::PasswordLoginOff(NoPassword::DeviceTrust),
            (_, "mfa_required") => ApiError::PasswordLoginOff(NoPassword::MfaRequired),
            (_, "sso_required" | "federated") => ApiError::PasswordLoginOff(NoPassword::Sso),
            (401 | 403, _) if no_basic_auth() => {
                ApiError::PasswordLoginOff(NoPassword::BasicAuthOff)
            }
            // A code is asked for only once the password was right.
            (401, _) if login.code.is_some() => ApiError::TwoFactor,
            (401, _) => ApiError::WrongPassword,
            _ => ApiError::from_refusal(status, id, body, Auth::Password(login)),
        }
    }

    fn from_refusal(status: u16, id: &str, body: &ErrorBody, auth: Auth<'_>) -> ApiError {
        let message = || match body.message() {
            "" => scrubbed(id, auth),
            message => scrubbed(message, auth),
        };
        match (status, id) {
            (_, "two_factor") => ApiError::TwoFactor,
            (_, "suspended") => ApiError::Suspended,
            (401, "unauthorized") => ApiError::Refused,
            (402, _) | (_, "delinquent") => ApiError::Delinquent,
            // Only the one word for a dead token may lead to a deletion.
            (401 | 403, _) => ApiError::Forbidden(message()),
            (404 | 410, _) => ApiError::NotFound(message()),
            _ => ApiError::Invalid(message()),
        }
    }
}

impl From<ApiError> for Notice {
    fn from(error: ApiError) -> Notice {
        error.notice()
    }
}

/// The body of a refusal: Heroku's has an id and a message, its login service's an error.
#[derive(Debug, Default, Deserialize)]
pub struct ErrorBody {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    error: Option<String>,
}

impl ErrorBody {
    fn message(&self) -> &str {
        let message = self.message.as_deref().unwrap_or_default();
        message.trim().trim_end_matches('.')
    }

    /// A refusal in Heroku's own form, for a reader who knows the API: status, id and message.
    pub(super) fn summary(&self, status: u16, auth: Auth<'_>) -> Option<String> {
        let id = scrubbed(self.id.as_deref()?, auth);
        let message = scrubbed(self.message(), auth);
        Some(if message.is_empty() {
            format!("Heroku answers {status} {id}")
        } else {
            format!("Heroku answers {status} {id}: {message}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    fn body(json: &Value) -> ErrorBody {
        serde_json::from_slice(&serde_json::to_vec(json).unwrap()).unwrap_or_default()
    }

    fn asked_with_token(status: u16, json: &Value) -> ApiError {
        let token = Token::parse("HRKU-01234567-89ab-cdef-0123-456789abcdef").unwrap();
        ApiError::from_answer(status, &body(json), None, Auth::Bearer(&token))
    }

    fn asked_with_password(status: u16, json: &Value, code: Option<&str>) -> ApiError {
        let login = PasswordLogin {
            email: "ann@example.com",
            password: &Zeroizing::new("open sesame".to_owned()),
            code: code.map(|code| Zeroizing::new(code.to_owned())),
        };
        ApiError::from_answer(status, &body(json), None, Auth::Password(&login))
    }

    #[test]
    fn only_herokus_own_word_says_that_a_token_is_dead() {
        let of = |body: Value| asked_with_token(401, &body);
        assert_eq!(of(json!({"id": "unauthorized"})), ApiError::Refused);
        assert_eq!(of(Value::Null), ApiError::Foreign(401));
        assert_eq!(of(json!("unauthorized")), ApiError::Foreign(401));
        assert_eq!(of(json!({"id": ["unauthorized"]})), ApiError::Foreign(401));
        let unknown = of(json!({"id": "come_back_later"}));
        assert_eq!(unknown, ApiError::Forbidden("come_back_later".to_owned()));
    }

    #[test]
    fn each_refusal_of_a_password_has_its_own_meaning() {
        let of = |status, id: &str| asked_with_password(status, &json!({"id": id}), None);
        let off = ApiError::PasswordLoginOff;
        assert_eq!(of(401, "unauthorized"), ApiError::WrongPassword);
        assert_eq!(of(403, "two_factor"), ApiError::TwoFactor);
        assert_eq!(of(403, "suspended"), ApiError::Suspended);
        assert_eq!(
            of(422, "device_trust_required"),
            off(NoPassword::DeviceTrust)
        );
        assert_eq!(of(403, "mfa_required"), off(NoPassword::MfaRequired));
        assert_eq!(of(403, "sso_required"), off(NoPassword::Sso));
        let body = json!({"id": "forbidden", "message": "Basic authentication is not supported"});
        let basic = asked_with_password(403, &body, None);
        assert_eq!(basic, off(NoPassword::BasicAuthOff));
    }

    #[test]
    fn a_401_for_a_code_is_about_the_code() {
        let body = json!({"id": "unauthorized", "message": "Invalid credentials"});
        let with_code = asked_with_password(401, &body, Some("123456"));
        assert_eq!(with_code, ApiError::TwoFactor);
    }

    #[test]
    fn the_login_service_speaks_of_errors_in_its_own_way() {
        let json = json!({"error": "IP address mismatch"});
        let refused = ApiError::from_answer(403, &body(&json), None, Auth::Anonymous);
        assert_eq!(
            refused,
            ApiError::BrowserLogin("IP address mismatch".to_owned())
        );
    }

    #[test]
    fn status_comes_before_id() {
        let body = json!({"id": "unauthorized", "message": "x"});
        assert_eq!(asked_with_token(503, &body), ApiError::Server(503));
        assert_eq!(asked_with_token(429, &body), ApiError::RateLimited(None));
        assert_eq!(asked_with_token(302, &body), ApiError::Redirected);
        assert!(matches!(
            asked_with_token(403, &body),
            ApiError::Forbidden(_)
        ));
        assert!(matches!(
            asked_with_token(404, &body),
            ApiError::NotFound(_)
        ));
        assert!(matches!(asked_with_token(418, &body), ApiError::Invalid(_)));
    }

    #[test]
    fn no_failure_ends_in_a_colon() {
        for status in [401, 403, 404, 422] {
            let silent = asked_with_token(status, &json!({"id": "odd_id", "message": " "}));
            assert!(silent.to_string().ends_with("odd_id"), "{silent}");
        }
    }
}
