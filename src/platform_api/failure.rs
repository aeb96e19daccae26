//! Why Heroku did not do what it was asked, typed by what the caller does next.

use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use crate::problem::{Problem, one_line};

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The token is revoked, expired, or was never one.
    #[error("Heroku refuses the token")]
    Refused,
    /// Email or password are wrong.
    #[error("Heroku refuses the email or the password")]
    WrongPassword,
    /// The second factor is missing or wrong.
    #[error("Heroku wants a code from your authenticator")]
    TwoFactor,
    /// Passwords are no way in for this account. Says why.
    #[error("Heroku takes no password for this account: {0}")]
    PasswordLoginOff(&'static str),
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
    /// Heroku's own fault.
    #[error("Heroku answered with status {0}")]
    Server(u16),
    /// No answer. Says why.
    #[error("{host} could not be reached: {why}")]
    Unreachable {
        /// The host that was asked.
        host: String,
        /// Why, in a few words.
        why: String,
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
    /// Heroku sent us elsewhere; a token goes nowhere else.
    #[error("Heroku's answer leads to another place, which gets no token")]
    Redirected,
    /// The browser login was refused. Carries the service's words.
    #[error("the browser login failed: {0}")]
    BrowserLogin(String),
    /// `HEROKU_HOST` names a host that is not Heroku's.
    #[error("HEROKU_HOST names a host that is not Heroku's")]
    NotHeroku,
}

impl Failure {
    /// What happened, and what mends it.
    pub fn problem(&self) -> Problem {
        let mend = match self {
            Failure::Refused => "make a new one: git credential-heroku-rs login",
            Failure::WrongPassword => {
                "try again, or log in with a token: git credential-heroku-rs login"
            }
            Failure::TwoFactor => "run it again with a fresh code",
            Failure::PasswordLoginOff(_) => "log in with a token: git credential-heroku-rs login",
            Failure::Suspended | Failure::Delinquent => "see https://dashboard.heroku.com/account",
            Failure::Forbidden(_) => "use a token with the scope global",
            Failure::NotFound(_) | Failure::Invalid(_) => "",
            Failure::RateLimited(_) => "wait a minute, then run it again",
            Failure::Server(_) | Failure::Garbled => {
                "see https://status.heroku.com, then run it again"
            }
            Failure::Unreachable { .. } => {
                "check the network and the proxy (https_proxy), then run it again"
            }
            Failure::Certificate { .. } => {
                "behind a company's proxy: point SSL_CERT_FILE at its certificates; else check the clock"
            }
            Failure::Redirected => "check HEROKU_HOST and the proxy",
            Failure::BrowserLogin(_) => {
                "log in with a token instead: git credential-heroku-rs login"
            }
            Failure::NotHeroku => "run: unset HEROKU_HOST",
        };
        Problem::new(self.to_string(), mend)
    }

    /// What an answer's status and its JSON mean. Status first: the list of ids is open.
    ///
    /// Source: Heroku's Platform API Reference, "Errors"; ids of the login from the Heroku CLI.
    pub(super) fn of_answer(
        status: u16,
        body: &Value,
        wait: Option<Duration>,
        password: bool,
    ) -> Failure {
        let id = body.get("id").and_then(Value::as_str);
        let said = || {
            scrubbed(
                body.get("message")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            )
        };
        match (status, id) {
            (300..400, _) => Failure::Redirected,
            (_, Some("two_factor")) => Failure::TwoFactor,
            (_, Some("device_trust_required")) => Failure::PasswordLoginOff(
                "it has no MFA, so the device would have to be trusted in a browser",
            ),
            (_, Some("mfa_required")) => Failure::PasswordLoginOff("MFA has to be set up first"),
            (_, Some("sso_required" | "federated")) => {
                Failure::PasswordLoginOff("it logs in through its company (SSO)")
            }
            (401 | 403, _) if password && said().to_lowercase().contains("basic auth") => {
                Failure::PasswordLoginOff("basic authentication is switched off")
            }
            (_, Some("suspended")) => Failure::Suspended,
            (401, _) if password => Failure::WrongPassword,
            // A proxy in between can answer 401 too; Heroku's own has an id.
            (401, Some(_)) => Failure::Refused,
            (402, _) => Failure::Delinquent,
            (403, _) => Failure::Forbidden(said()),
            (404 | 410, _) => Failure::NotFound(said()),
            (429, _) => Failure::RateLimited(wait),
            (400 | 409 | 416 | 422, _) => Failure::Invalid(said()),
            (status, _) => Failure::Server(status),
        }
    }
}

/// A server's words, fit to be shown: one line of a sane length, with everything that looks like a
/// secret taken out.
pub(super) fn scrubbed(text: &str) -> String {
    const LONGEST: usize = 300;
    let secret = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let long = word.len() >= crate::credential::Token::SHORTEST;
        let dense = |c: char| c.is_ascii_alphanumeric() || "-_=+/".contains(c);
        word.contains("HRKU-") || (long && word.chars().all(dense))
    };
    let line = one_line(text);
    let words = line
        .split_whitespace()
        .map(|word| if secret(word) { "…" } else { word });
    let whole = words.collect::<Vec<_>>().join(" ");
    whole.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_401_without_an_id_is_somebody_elses() {
        let of = |body: Value| Failure::of_answer(401, &body, None, false);
        assert_eq!(of(json!({"id": "unauthorized"})), Failure::Refused);
        assert_eq!(of(Value::Null), Failure::Server(401));
    }

    #[test]
    fn each_refusal_of_a_password_has_its_own_meaning() {
        let of = |status, id: &str| Failure::of_answer(status, &json!({"id": id}), None, true);
        assert_eq!(of(401, "unauthorized"), Failure::WrongPassword);
        assert_eq!(of(403, "two_factor"), Failure::TwoFactor);
        assert_eq!(of(403, "suspended"), Failure::Suspended);
        assert!(matches!(
            of(403, "device_trust_required"),
            Failure::PasswordLoginOff(_)
        ));
        let body = json!({"id": "forbidden", "message": "Basic authentication is not supported"});
        let basic = Failure::of_answer(403, &body, None, true);
        assert!(matches!(basic, Failure::PasswordLoginOff(_)));
    }

    #[test]
    fn a_servers_words_are_shown_without_secrets_and_escapes() {
        let said = "the token HRKU-01234567-89ab-cdef-0123-456789abcdef\u{1b}[2J\nof 01234567-89ab-cdef-0123-456789abcdef, is bad";
        assert_eq!(scrubbed(said), "the token … [2J of … is bad");
        assert_eq!(scrubbed(&"x ".repeat(1000)).chars().count(), 300);
    }
}
