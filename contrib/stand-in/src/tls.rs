//! A certificate authority for one run, and the certificates that it issues.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::faults::Fault;

pub(crate) struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    /// Signs certificates that clients do not trust.
    untrusted: Issuer<'static, KeyPair>,
    pem: String,
}

impl CertificateAuthority {
    pub(crate) fn new() -> io::Result<CertificateAuthority> {
        let (issuer, pem) = new_ca("Stand-in Heroku")?;
        let (untrusted, _) = new_ca("An untrusted CA")?;
        Ok(CertificateAuthority {
            issuer,
            untrusted,
            pem,
        })
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The TLS configuration of a server of this name, with an invalid certificate if the fault is about that.
    pub(crate) fn server_config(
        &self,
        host: &str,
        fault: Option<&Fault>,
    ) -> io::Result<Arc<ServerConfig>> {
        let name = match fault {
            Some(Fault::WrongName) => "wrong.example",
            _ => host,
        };
        let issuer = match fault {
            Some(Fault::UntrustedCa) => &self.untrusted,
            _ => &self.issuer,
        };
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, name);
        if matches!(fault, Some(Fault::Expired)) {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 2, 1);
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, issuer).map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map(Arc::new)
            .map_err(io::Error::other)
    }
}

fn new_ca(name: &str) -> io::Result<(Issuer<'static, KeyPair>, String)> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    Ok((Issuer::new(params, key), certificate.pem()))
}
