//! Why a request to Heroku failed, with one variant for each thing that a caller can do next.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::response::lenient;
use super::{Auth, NetworkError};
use crate::account::{Account, Verdict};
use crate::notice::{Fix, Notice};
use crate::redact::{Hide, Redactor};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApiError {
    /// Heroku itself says that the token is revoked, expired or invalid.
    #[error("Heroku rejected the token (revoked or expired)")]
    TokenRejected,
    /// Email or password are wrong.
    #[error("wrong email or password")]
    WrongPassword,
    /// The second factor is missing or wrong.
    #[error("Heroku requires a code from your authenticator app")]
    TwoFactor,
    /// Heroku accepts no password for this account. Contains Heroku's message.
    #[error("Heroku does not accept a password for this account: {0}")]
    PasswordLoginOff(String),
    /// The account is suspended.
    #[error("Heroku has suspended this account")]
    Suspended,
    /// A payment is overdue.
    #[error("a payment for this Heroku account is overdue")]
    Delinquent,
    /// The account has no access, or the token's scope is too small. Contains Heroku's message.
    #[error("Heroku does not allow this: {0}")]
    Forbidden(String),
    /// What was named does not exist. Contains Heroku's message.
    #[error("Heroku did not find this: {0}")]
    NotFound(String),
    /// Heroku rejected the request's values. Contains its message.
    #[error("Heroku rejected the request: {0}")]
    Invalid(String),
    /// Too many requests; how long to wait, if Heroku says it.
    #[error("too many requests to Heroku")]
    RateLimited(Option<Duration>),
    /// A server error of Heroku's. Contains the status.
    #[error("Heroku had a server error ({0})")]
    Server(u16),
    /// An error that is not in Heroku's format: a proxy or a captive portal has answered. It says
    /// nothing about the token. Contains the status.
    #[error("a proxy answered instead of Heroku ({0})")]
    Foreign(u16),
    /// There was no reply.
    #[error("cannot reach {host}: {why}")]
    Unreachable {
        /// The host of the request, and the proxy if it is the cause.
        host: String,
        /// The cause.
        why: NetworkError,
    },
    /// The certificate could not be verified.
    #[error("cannot verify the certificate of {host}: {why}")]
    Certificate {
        /// The host of the request.
        host: String,
        /// The cause, in a few words.
        why: String,
    },
    /// A reply that could not be understood.
    #[error("invalid reply from Heroku")]
    Garbled,
    /// A reply that is larger than any of Heroku's.
    #[error("the reply from Heroku is too large")]
    TooLarge,
    /// A redirect. It is not followed, since the token is only for Heroku.
    #[error("Heroku replied with a redirect, which was not followed")]
    Redirected,
    /// The browser login failed. Contains the service's message.
    #[error("the browser login failed: {0}")]
    BrowserLogin(String),
    /// The browser login was not finished in time.
    #[error("the browser login timed out")]
    BrowserLoginExpired,
    /// A Heroku that may not have issued the token rejected it. Contains the host's name.
    #[error("{0} rejected the token, but another Heroku may have issued it")]
    RejectedElsewhere(String),
    /// A Heroku other than heroku.com is only asked about the active account. Contains the host's name.
    #[error("{0} was not asked about this token: its account is not active")]
    NotAsked(String),
    /// `HEROKU_HOST` is not a domain of Heroku's.
    #[error("HEROKU_HOST is not a domain of Heroku, such as herokudev.com")]
    NotHeroku,
    /// A variable that says how to reach Heroku has an invalid value.
    #[error("invalid {variable}: {why}")]
    Setting {
        /// Its name.
        variable: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system has no CA certificates.
    #[error("no trusted CA certificates found")]
    NoCaCertificates,
}

impl ApiError {
    /// What happened, and how to fix it.
    pub fn notice(&self) -> Notice {
        Notice::new(self.to_string(), self.fix())
    }

    /// Whether the request may have been carried out: only the reply is missing or invalid.
    pub fn is_unclear(&self) -> bool {
        match self {
            ApiError::Unreachable { why, .. } => matches!(why, NetworkError::NoReply(_)),
            ApiError::Server(_) | ApiError::Garbled | ApiError::TooLarge => true,
            // A proxy that rejects a request does not pass it on. Another page may have replaced Heroku's reply.
            ApiError::Foreign(status) => matches!(status, 200..300),
            _ => false,
        }
    }

    /// Whether there was no connection, so that another try repeats nothing.
    pub(super) fn is_before_the_request(&self) -> bool {
        match self {
            ApiError::Unreachable { why, .. } => matches!(why, NetworkError::NotConnected(_)),
            _ => false,
        }
    }

    fn fix(&self) -> Fix {
        const LOG_IN: &str = "git credential-heroku-rs login";
        match self {
            ApiError::TokenRejected => Fix::command("log in", LOG_IN),
            // Most commands cannot send a code.
            ApiError::TwoFactor => Fix::on_dashboard("use the dashboard, which asks for it"),
            ApiError::PasswordLoginOff(_)
            | ApiError::WrongPassword
            | ApiError::BrowserLogin(_)
            | ApiError::BrowserLoginExpired => Fix::command("log in with a token", LOG_IN),
            ApiError::Suspended | ApiError::Delinquent => {
                "see: https://dashboard.heroku.com/account".into()
            }
            ApiError::Forbidden(_) => {
                "use an account that may do this, and a token with scope global".into()
            }
            ApiError::NotFound(_) | ApiError::Invalid(_) => Fix::NONE,
            ApiError::RateLimited(Some(wait)) => {
                let wait = wait.as_secs();
                Fix::advice(format!("wait {wait} s, then run the command again"))
            }
            ApiError::RateLimited(None) => "wait a minute, then run the command again".into(),
            ApiError::Server(_) | ApiError::Garbled | ApiError::TooLarge => {
                "see: https://status.heroku.com".into()
            }
            ApiError::Foreign(_) | ApiError::Redirected => {
                "check the proxy (https_proxy) and HEROKU_HOST".into()
            }
            ApiError::Unreachable { why, .. } => match why {
                NetworkError::ProxyLogin => {
                    "add them to the proxy URL: https_proxy=http://USER:PASSWORD@HOST:PORT"
                }
                NetworkError::ProxyRefusal => {
                    "ask your proxy administrator to allow it, or add the host to no_proxy"
                }
                NetworkError::NotConnected(_) | NetworkError::NoReply(_) => {
                    "check the network and the proxy (https_proxy)"
                }
            }
            .into(),
            ApiError::Certificate { .. } => {
                "behind a company proxy, set SSL_CERT_FILE to its CA certificates; otherwise check the clock".into()
            }
            ApiError::RejectedElsewhere(_) | ApiError::NotAsked(_) | ApiError::NotHeroku => {
                Fix::unset("HEROKU_HOST")
            }
            ApiError::Setting { variable, .. } => {
                Fix::unset(variable).or("correct its value")
            }
            ApiError::NoCaCertificates => {
                "install the package ca-certificates, or set SSL_CERT_FILE".into()
            }
        }
    }

    /// The meaning of an error status and its body. The status decides first, since the list of
    /// ids is not complete.
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
            // A proxy can reply 401, 403 and 404 too; only Heroku's errors have an id.
            (_, _, None) => ApiError::Foreign(status),
            (_, _, Some(id)) => ApiError::from_error(status, id, body, auth),
        }
    }

    fn from_error(status: u16, id: &str, body: &ErrorBody, auth: Auth<'_>) -> ApiError {
        let message = || match body.message() {
            "" => scrubbed(id, auth),
            message => scrubbed(message, auth),
        };
        let is_about_basic_auth = || body.message().to_lowercase().contains("basic auth");
        match (status, id, auth) {
            (_, "two_factor", _) => ApiError::TwoFactor,
            (_, "suspended", _) => ApiError::Suspended,
            (402, ..) | (_, "delinquent", _) => ApiError::Delinquent,
            (403, _, Auth::Password(_)) | (_, "device_trust_required", Auth::Password(_)) => {
                ApiError::PasswordLoginOff(message())
            }
            (401, _, Auth::Password(_)) if is_about_basic_auth() => {
                ApiError::PasswordLoginOff(message())
            }
            // Heroku asks for a code only after it has accepted the password.
            (401, _, Auth::Password(login)) if login.code.is_some() => ApiError::TwoFactor,
            (401, _, Auth::Password(_)) => ApiError::WrongPassword,
            (401, "unauthorized", _) => ApiError::TokenRejected,
            // Only that id may lead to the removal of a token.
            (401 | 403, ..) => ApiError::Forbidden(message()),
            (404 | 410, ..) => ApiError::NotFound(message()),
            _ => ApiError::Invalid(message()),
        }
    }
}

impl From<Result<Account, ApiError>> for Verdict {
    /// What the answer to a request for the token's account says about the token.
    ///
    /// Only a 401 in the API's own format counts as a rejection; a proxy's 401 does not.
    fn from(answer: Result<Account, ApiError>) -> Verdict {
        match answer {
            Ok(account) => Verdict::Accepted(Ok(account)),
            Err(ApiError::TokenRejected) => Verdict::Rejected,
            Err(error @ (ApiError::Forbidden(_) | ApiError::Suspended | ApiError::Delinquent)) => {
                Verdict::Accepted(Err(error.notice()))
            }
            Err(error) => Verdict::Unknown(error.notice()),
        }
    }
}

impl From<ApiError> for Notice {
    fn from(error: ApiError) -> Notice {
        error.notice()
    }
}

/// The body of an error: Heroku's has an id and a message, the login service's an `error`.
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

    /// Status, id and message of an error of Heroku's, for a user who knows the API.
    pub(super) fn summary(&self, status: u16, auth: Auth<'_>) -> Option<String> {
        let id = scrubbed(self.id.as_deref()?, auth);
        let message = scrubbed(self.message(), auth);
        Some(if message.is_empty() {
            format!("Heroku replied {status} {id}")
        } else {
            format!("Heroku replied {status} {id}: {message}")
        })
    }
}

/// A server's message as one line of limited length, without the secrets of the request and without anything that
/// looks like a secret.
pub(super) fn scrubbed(message: &str, auth: Auth<'_>) -> String {
    const LONGEST: usize = 300;
    const LONGEST_READ: usize = 16 * 1024;
    if message.len() > LONGEST_READ {
        return "…".to_owned();
    }
    let mut redactor = Redactor::new(Hide::Secrets);
    for secret in auth.secrets() {
        redactor.add_secret(secret);
    }
    let shown = redactor.redacted(message);
    let words: Vec<&str> = shown.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heroku_api::PasswordLogin;
    use crate::token::Token;
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    fn body(json: &Value) -> ErrorBody {
        serde_json::from_slice(&serde_json::to_vec(json).unwrap()).unwrap_or_default()
    }

    fn error_with_token(status: u16, json: &Value) -> ApiError {
        let token = Token::parse("HRKU-01234567-89ab-cdef-0123-456789abcdef").unwrap();
        ApiError::from_answer(status, &body(json), None, Auth::Bearer(&token))
    }

    fn error_with_password(status: u16, json: &Value, code: Option<&str>) -> ApiError {
        let login = PasswordLogin {
            email: "ann@example.com",
            password: &Zeroizing::new("open sesame".to_owned()),
            code: code.map(|code| Zeroizing::new(code.to_owned())),
        };
        ApiError::from_answer(status, &body(json), None, Auth::Password(&login))
    }

    #[test]
    fn only_herokus_own_error_rejects_a_token() {
        let of = |body: Value| error_with_token(401, &body);
        assert_eq!(of(json!({"id": "unauthorized"})), ApiError::TokenRejected);
        assert_eq!(of(Value::Null), ApiError::Foreign(401));
        assert_eq!(of(json!("unauthorized")), ApiError::Foreign(401));
        assert_eq!(of(json!({"id": ["unauthorized"]})), ApiError::Foreign(401));
        let unknown = of(json!({"id": "come_back_later"}));
        assert_eq!(unknown, ApiError::Forbidden("come_back_later".to_owned()));
    }

    #[test]
    fn each_rejection_of_a_password_has_its_own_meaning() {
        let of = |status, id: &str, message: &str| {
            error_with_password(status, &json!({"id": id, "message": message}), None)
        };
        let off = |message: &str| ApiError::PasswordLoginOff(message.to_owned());
        assert_eq!(of(401, "unauthorized", ""), ApiError::WrongPassword);
        assert_eq!(of(403, "two_factor", ""), ApiError::TwoFactor);
        assert_eq!(of(403, "suspended", ""), ApiError::Suspended);
        assert_eq!(
            of(422, "device_trust_required", "Trust it."),
            off("Trust it")
        );
        assert_eq!(of(403, "sso_required", ""), off("sso_required"));
        let basic = "Basic authentication is not supported";
        assert_eq!(of(403, "forbidden", basic), off(basic));
        assert_eq!(of(401, "unauthorized", basic), off(basic));
        assert!(matches!(
            of(422, "invalid_params", "x"),
            ApiError::Invalid(_)
        ));
    }

    #[test]
    fn a_401_for_a_code_is_about_the_code() {
        let body = json!({"id": "unauthorized", "message": "Invalid credentials"});
        let with_code = error_with_password(401, &body, Some("123456"));
        assert_eq!(with_code, ApiError::TwoFactor);
    }

    #[test]
    fn the_login_services_errors_are_read() {
        let json = json!({"error": "IP address mismatch"});
        let refused = ApiError::from_answer(403, &body(&json), None, Auth::Anonymous);
        assert_eq!(
            refused,
            ApiError::BrowserLogin("IP address mismatch".to_owned())
        );
    }

    #[test]
    fn the_status_takes_precedence_over_the_id() {
        let body = json!({"id": "unauthorized", "message": "x"});
        assert_eq!(error_with_token(503, &body), ApiError::Server(503));
        assert_eq!(error_with_token(429, &body), ApiError::RateLimited(None));
        assert_eq!(error_with_token(302, &body), ApiError::Redirected);
        assert!(matches!(
            error_with_token(403, &body),
            ApiError::Forbidden(_)
        ));
        assert!(matches!(
            error_with_token(404, &body),
            ApiError::NotFound(_)
        ));
        assert!(matches!(error_with_token(418, &body), ApiError::Invalid(_)));
    }

    #[test]
    fn no_message_ends_in_a_colon() {
        for status in [401, 403, 404, 422] {
            let silent = error_with_token(status, &json!({"id": "odd_id", "message": " "}));
            assert!(silent.to_string().ends_with("odd_id"), "{silent}");
        }
    }

    fn scrubbed_anonymous(text: &str) -> String {
        scrubbed(text, Auth::Anonymous)
    }

    #[test]
    fn a_secret_in_a_servers_message_is_removed() {
        let token = Token::parse("just-letters-and-dashes").unwrap();
        let password = Zeroizing::new("open sesame".to_owned());
        let login = PasswordLogin {
            email: "ann@example.com",
            password: &password,
            code: Some(Zeroizing::new("cccccbgebgdk".to_owned())),
        };
        for (auth, message, shown) in [
            (Auth::Bearer(&token), "no just-letters-and-dashes!", "no …!"),
            (
                Auth::Password(&login),
                "ann@example.com: 'open sesame', cccccbgebgdk",
                "ann@example.com: '…', …",
            ),
            (Auth::Poll("poll-secret"), "x=poll%2Dsecret", "x=…"),
        ] {
            assert_eq!(scrubbed(message, auth), shown);
            assert_ne!(scrubbed_anonymous(message), shown);
        }
    }

    #[test]
    fn control_characters_are_removed() {
        let said = "a\u{1b}[2J\nb\u{202e}c\u{200b}d \u{9b}31m";
        assert_eq!(scrubbed_anonymous(said), "a [2J bcd 31m");
    }

    #[test]
    fn a_long_message_is_cut() {
        assert_eq!(scrubbed_anonymous(&"é ".repeat(1000)).chars().count(), 300);
    }

    #[test]
    fn a_secret_at_the_end_of_a_long_message_is_removed() {
        let token = Token::parse("just-letters-and-dashes").unwrap();
        for length in [280, 300, 16_360, 16_384] {
            let said = format!("{} just-letters-and-dashes", "a ".repeat(length / 2));
            let shown = scrubbed(&said, Auth::Bearer(&token));
            assert!(!shown.contains("just"), "{length}: {shown}");
        }
        assert_eq!(scrubbed_anonymous(&"x ".repeat(10_000)), "…");
    }
}
