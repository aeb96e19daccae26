//! Why there was no reply. The message of a network or TLS error contains neither the whole URL nor
//! anything that was sent.

use std::error::Error;
use std::io;
use std::iter;

use rustls::CertificateError;

use super::error::scrubbed;
use super::{ApiError, Auth};

/// Why a host did not reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Its name has no IP address.
    #[error("cannot resolve its name")]
    Unnamed,
    /// There was no connection: nothing listens on the port, or there is no route to it.
    #[error("{0}")]
    NoConnection(io::ErrorKind),
    /// There was no connection in time.
    #[error("connection timed out")]
    ConnectTimeout,
    /// The request was sent, and no reply came in time.
    #[error("no reply in time")]
    AnswerTimeout,
    /// The connection was closed before the reply was complete.
    #[error("connection closed")]
    CutOff,
    /// A proxy that requires a login.
    #[error("user name and password required")]
    ProxyLogin,
    /// A proxy that does not allow the connection.
    #[error("connection not allowed")]
    ProxyRefusal,
    /// Anything else: the message of the layer below.
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

    /// Whether there was no connection, so that another try repeats nothing.
    pub(super) fn is_before_the_request(&self) -> bool {
        matches!(
            self,
            NetworkError::Unnamed | NetworkError::NoConnection(_) | NetworkError::ConnectTimeout
        )
    }

    pub(super) fn fix(&self) -> &'static str {
        match self {
            NetworkError::ProxyLogin => {
                "add them to the proxy URL: https_proxy=http://USER:PASSWORD@HOST:PORT"
            }
            NetworkError::ProxyRefusal => {
                "ask your proxy administrator to allow it, or add the host to no_proxy"
            }
            _ => "check the network and the proxy (https_proxy)",
        }
    }
}

/// Translates an error of the HTTP client; `proxy` is the one on the way to `host`, without its
/// password.
pub(super) fn api_error(
    host: &str,
    proxy: Option<&str>,
    error: &(dyn Error + 'static),
) -> ApiError {
    let causes: Vec<_> = causes(error).collect();
    let host = host.to_owned();
    if let Some(why) = causes.iter().find_map(|cause| certificate(*cause)) {
        return ApiError::Certificate { host, why };
    }
    let texts: Vec<_> = causes.iter().map(ToString::to_string).collect();
    let is_of_proxy = |text: &String| text.starts_with("tunnel error") || text.contains("SOCKS");
    let host = match proxy {
        Some(proxy) if texts.iter().any(is_of_proxy) => {
            format!("{host} through the proxy {proxy}")
        }
        _ => host,
    };
    let why = classified(&causes, &texts);
    ApiError::Unreachable { host, why }
}

/// An error and its causes, including the inner error of an I/O error, which `source` skips.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// Classifies an error by its types, and by the texts of the HTTP client if its types are private.
fn classified(causes: &[&(dyn Error + 'static)], texts: &[String]) -> NetworkError {
    let says = |words: &str| texts.iter().any(|text| text.contains(words));
    if says("tunnel error: proxy authorization required") {
        return NetworkError::ProxyLogin;
    }
    if says("tunnel error: unsuccessful") {
        return NetworkError::ProxyRefusal;
    }
    if says("dns error") {
        return NetworkError::Unnamed;
    }
    let of_client = || {
        causes
            .iter()
            .filter_map(|cause| cause.downcast_ref::<reqwest::Error>())
    };
    let kinds: Vec<_> = causes
        .iter()
        .filter_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()))
        .collect();
    if of_client().any(reqwest::Error::is_timeout) || kinds.contains(&io::ErrorKind::TimedOut) {
        return if of_client().any(reqwest::Error::is_connect) {
            NetworkError::ConnectTimeout
        } else {
            NetworkError::AnswerTimeout
        };
    }
    for kind in kinds {
        match kind {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable => return NetworkError::NoConnection(kind),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => return NetworkError::CutOff,
            _ => {}
        }
    }
    // The texts of the outer causes repeat the URL.
    match texts.last() {
        Some(innermost) if !is_cut_off(innermost) => {
            NetworkError::Other(scrubbed(innermost, Auth::Anonymous))
        }
        _ => NetworkError::CutOff,
    }
}

fn is_cut_off(text: &str) -> bool {
    text.contains("connection closed before message completed")
        || text.contains("end of file before message length reached")
        || text.contains("unexpected EOF")
}

fn certificate(error: &(dyn Error + 'static)) -> Option<String> {
    let rustls::Error::InvalidCertificate(error) = error.downcast_ref()? else {
        return None;
    };
    let why = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired, or this computer's clock is wrong"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet, or this computer's clock is wrong"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it was issued for another host"
        }
        CertificateError::UnknownIssuer => "no CA that this computer trusts has signed it",
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
    fn a_certificate_error_is_not_a_network_error() {
        for (error, words) in [
            (CertificateError::Expired, "clock"),
            (CertificateError::UnknownIssuer, "no CA"),
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
    fn the_proxy_is_named_only_if_it_failed() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let failure = api_error("api.heroku.com", Some("proxy:3128"), &refused);
        assert_eq!(
            failure.to_string(),
            "cannot reach api.heroku.com: connection refused"
        );
    }

    #[test]
    fn an_unknown_error_is_shown_without_secrets() {
        let odd = io::Error::other("at HRKU-01234567-89ab-cdef-0123-456789abcdef");
        let ApiError::Unreachable { why, .. } = of(&odd) else {
            panic!("another kind");
        };
        assert_eq!(why, NetworkError::Other("at …".to_owned()));
    }
}
