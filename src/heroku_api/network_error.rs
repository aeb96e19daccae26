//! Why no answer came, in plain words: an error of the network or of TLS names neither the address
//! in full nor anything that was sent.

use std::error::Error;
use std::io;
use std::iter;

use rustls::CertificateError;

use super::scrub::scrubbed;
use super::{ApiError, Auth};

/// Why a host gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Its name has no address.
    #[error("its name cannot be looked up")]
    Unnamed,
    /// Nobody listens there.
    #[error("it refuses the connection")]
    Refused,
    /// There is no way to it.
    #[error("there is no network to it")]
    NoNetwork,
    /// No connection came about in time.
    #[error("no connection came about in time")]
    ConnectTimeout,
    /// The request is out, and no answer came in time.
    #[error("it gave no answer in time")]
    AnswerTimeout,
    /// The connection ended before the answer did.
    #[error("the connection broke off")]
    CutOff,
    /// A proxy that wants to know who we are.
    #[error("it wants a user name and a password")]
    ProxyLogin,
    /// A proxy that lets nobody through.
    #[error("it does not let us through")]
    ProxyRefusal,
    /// Anything else, in the words of the layer below.
    #[error("{0}")]
    Other(String),
}

impl NetworkError {
    /// Whether the request may have reached Heroku.
    pub fn may_have_arrived(&self) -> bool {
        matches!(
            self,
            NetworkError::AnswerTimeout | NetworkError::CutOff | NetworkError::Other(_)
        )
    }

    /// Whether no connection came about, so that asking again repeats nothing.
    pub(super) fn is_before_the_request(&self) -> bool {
        matches!(
            self,
            NetworkError::Unnamed
                | NetworkError::Refused
                | NetworkError::NoNetwork
                | NetworkError::ConnectTimeout
        )
    }

    pub(super) fn fix(&self) -> &'static str {
        match self {
            NetworkError::ProxyLogin => {
                "put them into the proxy's address: https_proxy=http://USER:PASSWORD@HOST:PORT"
            }
            NetworkError::ProxyRefusal => {
                "let the proxy's keeper allow it, or name the host in no_proxy"
            }
            NetworkError::Unnamed
            | NetworkError::Refused
            | NetworkError::NoNetwork
            | NetworkError::ConnectTimeout
            | NetworkError::AnswerTimeout
            | NetworkError::CutOff
            | NetworkError::Other(_) => {
                "check the network and the proxy (https_proxy), then run it again"
            }
        }
    }
}

/// What an error of the client means; `proxy` is the one on the way to `host`, without its
/// password.
pub(super) fn api_error(
    host: &str,
    proxy: Option<&str>,
    error: &(dyn Error + 'static),
) -> ApiError {
    let causes: Vec<_> = causes(error).collect();
    if let Some(why) = causes.iter().find_map(|cause| certificate(*cause)) {
        let host = host.to_owned();
        return ApiError::Certificate { host, why };
    }
    let says = |words: &str| causes.iter().any(|cause| cause.to_string() == words);
    // The types of these errors are private to the HTTP client, so their texts have to do.
    let why = if says("tunnel error: proxy authorization required") {
        NetworkError::ProxyLogin
    } else if says("tunnel error: unsuccessful") {
        NetworkError::ProxyRefusal
    } else if says("dns error") {
        NetworkError::Unnamed
    } else {
        classified(&causes)
    };
    let at_proxy = |words: &str| words.starts_with("tunnel error") || words.contains("SOCKS");
    let at_proxy = causes.iter().any(|cause| at_proxy(&cause.to_string()));
    let host = match proxy.filter(|_| at_proxy) {
        Some(proxy) => format!("the proxy {proxy}"),
        None => host.to_owned(),
    };
    ApiError::Unreachable { host, why }
}

/// An error and what lies behind it, the inside of I/O errors too, which `source` skips.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// Classifies an error by its types, and by the texts of the client only if its types are private.
fn classified(causes: &[&(dyn Error + 'static)]) -> NetworkError {
    let has = |is_so: fn(&reqwest::Error) -> bool| {
        let errors = causes.iter().map(|cause| cause.downcast_ref());
        errors.flatten().any(is_so)
    };
    let kinds: Vec<_> = causes
        .iter()
        .filter_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()))
        .collect();
    let is = |wanted: &[io::ErrorKind]| kinds.iter().any(|kind| wanted.contains(kind));
    if has(reqwest::Error::is_timeout) || is(&[io::ErrorKind::TimedOut]) {
        return if has(reqwest::Error::is_connect) {
            NetworkError::ConnectTimeout
        } else {
            NetworkError::AnswerTimeout
        };
    }
    if is(&[io::ErrorKind::ConnectionRefused]) {
        return NetworkError::Refused;
    }
    if is(&[
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::HostUnreachable,
    ]) {
        return NetworkError::NoNetwork;
    }
    if is(&[
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::UnexpectedEof,
    ]) {
        return NetworkError::CutOff;
    }
    // The text of the innermost cause: the texts of the outer ones repeat the URL.
    match causes.last().map(ToString::to_string) {
        Some(text) if !is_cut(&text) => NetworkError::Other(scrubbed(&text, Auth::Anonymous)),
        Some(_) | None => NetworkError::CutOff,
    }
}

/// How the HTTP client, whose kinds of errors cannot be told apart from outside, says "cut off".
fn is_cut(words: &str) -> bool {
    words.contains("connection closed before message completed")
        || words.contains("end of file before message length reached")
        || words.contains("unexpected EOF")
}

fn certificate(error: &(dyn Error + 'static)) -> Option<String> {
    let rustls::Error::InvalidCertificate(error) = error.downcast_ref()? else {
        return None;
    };
    let why = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired, or this machine's clock is wrong"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet, or this machine's clock is wrong"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it was made for another host"
        }
        CertificateError::UnknownIssuer => "nobody that this machine trusts has signed it",
        CertificateError::Revoked => "it is revoked",
        other => return Some(scrubbed(&other.to_string(), Auth::Anonymous)),
    };
    Some(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: &io::Error) -> ApiError {
        api_error("api.heroku.com", None, error)
    }

    fn bad(error: CertificateError) -> io::Error {
        io::Error::other(rustls::Error::InvalidCertificate(error))
    }

    #[test]
    fn a_certificate_is_never_a_network_that_is_down() {
        for (error, words) in [
            (CertificateError::Expired, "clock"),
            (CertificateError::UnknownIssuer, "signed"),
            (CertificateError::NotValidForName, "another host"),
            (CertificateError::BadSignature, ""),
        ] {
            let ApiError::Certificate { host, why } = of(&bad(error)) else {
                panic!("{words}");
            };
            assert!(host == "api.heroku.com" && why.contains(words), "{why}");
        }
    }

    #[test]
    fn a_host_that_is_reached_without_the_proxy_is_named_itself() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let failure = api_error("api.heroku.com", Some("proxy:3128"), &refused);
        assert_eq!(
            failure.to_string(),
            "api.heroku.com could not be reached: it refuses the connection"
        );
    }

    #[test]
    fn an_unknown_error_is_told_without_secrets() {
        let odd = io::Error::other("at HRKU-01234567-89ab-cdef-0123-456789abcdef");
        let ApiError::Unreachable { why, .. } = of(&odd) else {
            panic!("another kind");
        };
        assert_eq!(why, NetworkError::Other("at …".to_owned()));
    }
}
