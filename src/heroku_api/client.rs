//! The HTTP client: CA certificates, proxy and limits.

use std::time::Duration;
use std::{env, fs};

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Certificate, NoProxy, Proxy, Url};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;

use super::ApiError;
use crate::environment::Environment;
use crate::files;

/// The largest file of CA certificates that is read, in bytes: Debian's, with all of them, has 220 KB.
const LARGEST_BUNDLE: usize = 4 * 1024 * 1024;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A client with the environment's proxy and CA certificates, and the proxy's `host:port`.
///
/// Each request sets its own limit; this one bounds the connection.
pub(super) fn client(
    environment: &Environment,
    limit: Duration,
) -> Result<(Client, Option<String>), ApiError> {
    // rustls leaves the choice of cryptography to the program. ring needs no cmake and builds in a
    // third of aws-lc's time. An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let version = HeaderValue::from_static("application/vnd.heroku+json; version=3");
    let mut builder = Client::builder()
        .user_agent(concat!(
            "git-credential-heroku-rs/",
            env!("CARGO_PKG_VERSION")
        ))
        .default_headers(HeaderMap::from_iter([(ACCEPT, version)]))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT.min(limit))
        .timeout(limit)
        .https_only(true)
        .no_proxy();
    let mut host_and_port = None;
    if let Some(address) = &environment.https_proxy {
        let url = proxy_url(address.expose_secret()).ok_or(NOT_A_PROXY)?;
        let port = url.port_or_known_default().unwrap_or(SOCKS_PORT);
        host_and_port = Some(format!("{}:{port}", url.host_str().unwrap_or_default()));
        let proxy = Proxy::https(url).map_err(|_| NOT_A_PROXY)?;
        let except = environment.no_proxy.as_deref();
        builder = builder.proxy(proxy.no_proxy(except.and_then(NoProxy::from_string)));
    }
    let client = trusting(builder, environment)?.build();
    Ok((
        client.map_err(|_| ApiError::NoCaCertificates)?,
        host_and_port,
    ))
}

const SOCKS_PORT: u16 = 1080;

/// An invalid proxy is an error: reqwest would ignore the variable and connect directly.
const NOT_A_PROXY: ApiError = ApiError::Setting {
    variable: "https_proxy",
    why: "not a proxy URL such as http://proxy.example:3128",
};

/// The URL of a proxy; without a scheme it is http, as for curl and git.
fn proxy_url(address: &str) -> Option<Url> {
    const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    let scheme = if address.contains("://") {
        ""
    } else {
        "http://"
    };
    let url = Url::parse(&format!("{scheme}{address}")).ok()?;
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    (has_host && SCHEMES.contains(&url.scheme())).then_some(url)
}

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's CA certificates on Linux, as in OpenSSL,
/// Node and rustls. On macOS and Windows, where the system does not know these variables, they are
/// added to the system's.
fn trusting(builder: ClientBuilder, environment: &Environment) -> Result<ClientBuilder, ApiError> {
    let variable = match (&environment.ssl_cert_file, &environment.ssl_cert_dir) {
        (Some(_), _) => "SSL_CERT_FILE",
        (None, Some(_)) => "SSL_CERT_DIR",
        (None, None) => return Ok(builder),
    };
    let found = ca_certificates(environment);
    if found.is_empty() {
        let why = "it contains no readable certificate";
        return Err(ApiError::Setting { variable, why });
    }
    Ok(if cfg!(any(target_os = "macos", target_os = "windows")) {
        builder.tls_certs_merge(found)
    } else {
        builder.tls_certs_only(found)
    })
}

/// Invalid certificates are skipped, as other programs do: one valid certificate is enough.
fn ca_certificates(environment: &Environment) -> Vec<Certificate> {
    let dirs = environment.ssl_cert_dir.iter().flat_map(env::split_paths);
    let entries = dirs.flat_map(fs::read_dir).flatten().flatten();
    let files = environment.ssl_cert_file.iter().cloned();
    let mut readable = RootCertStore::empty();
    let mut found = Vec::new();
    for file in files.chain(entries.map(|entry| entry.path())) {
        let text = files::read(&file, LARGEST_BUNDLE).unwrap_or_default();
        for certificate in CertificateDer::pem_slice_iter(&text).flatten() {
            if readable.add(certificate.clone()).is_ok() {
                found.extend(Certificate::from_der(&certificate));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn failure(environment: &Environment) -> ApiError {
        client(environment, Duration::from_secs(1)).unwrap_err()
    }

    #[test]
    fn a_proxy_without_a_scheme_is_http() {
        assert_eq!(
            proxy_url("proxy:3128").unwrap().as_str(),
            "http://proxy:3128/"
        );
        assert_eq!(proxy_url("ann:x@proxy:3128").unwrap().username(), "ann");
        assert!(proxy_url("socks5h://127.0.0.1:1080").is_some());
    }

    #[test]
    fn a_proxys_name_may_be_internationalized() {
        for (name, as_asked) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("Ａ．example", "a.example"),
            ("לקוח.example", "xn--9dben8b.example"),
        ] {
            let url = proxy_url(&format!("{name}:3128")).unwrap();
            assert_eq!(url.host_str(), Some(as_asked), "{name}");
        }
        assert_eq!(proxy_url("http://\u{200d}.example"), None);
    }

    #[test]
    fn an_invalid_proxy_is_not_bypassed() {
        for address in ["ftp://proxy", "http://", "http://a b", "file:///etc/passwd"] {
            assert_eq!(proxy_url(address), None, "{address}");
            let environment = Environment {
                https_proxy: Some(SecretString::from(address)),
                ..Environment::default()
            };
            assert_eq!(failure(&environment), NOT_A_PROXY);
        }
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let environment = Environment {
            https_proxy: Some(SecretString::from("http://ann:open-sesame@proxy.example")),
            ..Environment::default()
        };
        let (_, shown) = client(&environment, Duration::from_secs(1)).unwrap();
        assert_eq!(shown.unwrap(), "proxy.example:80");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_unusable_certificate_file_is_an_error_immediately() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, 0o600.into(), 0).unwrap();
        let sparse = dir.path().join("sparse");
        files::replace(&sparse, b"").unwrap();
        let file = fs::File::options().write(true).open(&sparse).unwrap();
        file.set_len(5 << 30).unwrap();
        for file in ["/nowhere/ca.pem".into(), "/dev/zero".into(), fifo, sparse] {
            let environment = Environment {
                ssl_cert_file: Some(file),
                ..Environment::default()
            };
            let variable = "SSL_CERT_FILE";
            let error = failure(&environment);
            assert!(matches!(error, ApiError::Setting { variable: v, .. } if v == variable));
            let environment = Environment {
                ssl_cert_file: None,
                ssl_cert_dir: Some(dir.path().into()),
                ..Environment::default()
            };
            let variable = "SSL_CERT_DIR";
            let error = failure(&environment);
            assert!(matches!(error, ApiError::Setting { variable: v, .. } if v == variable));
        }
    }
}
