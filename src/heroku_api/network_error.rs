//! Why there was no reply. The message of a network or TLS error contains neither the whole URL nor
//! anything that was sent.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter;

use rustls::CertificateError;

use super::error::scrubbed;
use super::{ApiError, Auth};

/// Why a host did not reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// There was no connection: nothing of the request has arrived.
    #[error("{0}")]
    NotConnected(String),
    /// There was no complete reply: the request may have arrived.
    #[error("{0}")]
    NoReply(String),
    /// A proxy that requires a login.
    #[error("user name and password required")]
    ProxyLogin,
    /// A proxy that does not allow the connection.
    #[error("connection not allowed")]
    ProxyRefusal,
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
    let is_of_client = |test: fn(&reqwest::Error) -> bool| {
        let mut errors = causes.iter().filter_map(|cause| cause.downcast_ref());
        errors.any(test)
    };
    let io_errors = causes.iter().filter_map(|cause| cause.downcast_ref());
    let kinds: Vec<ErrorKind> = io_errors.map(io::Error::kind).collect();
    let is_timeout =
        is_of_client(reqwest::Error::is_timeout) || kinds.contains(&ErrorKind::TimedOut);
    let is_connect = is_of_client(reqwest::Error::is_connect);
    let why = match (is_timeout, is_connect) {
        (true, true) => "connection timed out".to_owned(),
        (true, false) => "no reply in time".to_owned(),
        _ if says("dns error") || says("failed to lookup address") => {
            "cannot resolve its name".to_owned()
        }
        _ if says("SOCKS error: failed to create") => "no connection to the proxy".to_owned(),
        _ => tls(causes).unwrap_or_else(|| reason(&kinds, texts)),
    };
    // To connect includes the TLS handshake, also through a proxy. The request is sent after that.
    if is_connect {
        NetworkError::NotConnected(why)
    } else {
        NetworkError::NoReply(why)
    }
}

fn tls(causes: &[&(dyn Error + 'static)]) -> Option<String> {
    let error: &rustls::Error = causes.iter().find_map(|cause| cause.downcast_ref())?;
    let error = scrubbed(&error.to_string(), Auth::Anonymous);
    Some(format!(
        "TLS failed, perhaps because of a captive portal or firewall ({error})"
    ))
}

fn reason(kinds: &[ErrorKind], texts: &[String]) -> String {
    for kind in kinds {
        match kind {
            ErrorKind::ConnectionRefused
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable => return kind.to_string(),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => return "connection closed".to_owned(),
            _ => {}
        }
    }
    // The texts of the outer causes repeat the URL.
    scrubbed(
        texts.last().map_or("no reply", String::as_str),
        Auth::Anonymous,
    )
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
        assert_eq!(why, NetworkError::NoReply("at …".to_owned()));
    }
}
