//! A certificate authority of the test's own, and the server's certificate by it.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What is wrong with a certificate, and nothing else is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    OtherName,
    Expired,
    OtherAuthority,
}

/// What makes a server trusted by those who know `ca_file`.
pub struct Trust {
    directory: TempDir,
    authority: Authority,
    names: Vec<String>,
    acceptor: TlsAcceptor,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

impl Trust {
    /// A fresh authority, and its certificate for `names`.
    pub fn new(names: &[&str]) -> Self {
        let (authority, key) = (authority(), KeyPair::generate().expect("a key"));
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let certificate = params(&names).signed_by(&key, &authority).expect("a certificate");
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("ca.pem"), authority.pem()).expect("a file in it");
        let path = directory.path().join("server.pem");
        std::fs::write(path, certificate.pem() + &key.serialize_pem()).expect("a file in it");
        let acceptor = acceptor(&certificate, &key);
        Self { directory, authority, names, acceptor }
    }

    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// The server's certificate and its key, for a server of another kind.
    pub fn server_file(&self) -> PathBuf {
        self.directory.path().join("server.pem")
    }

    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// As the server would be if its certificate had a flaw.
    pub fn flawed_acceptor(&self, flaw: Flaw) -> TlsAcceptor {
        let (key, mut params) = (KeyPair::generate().expect("a key"), params(&self.names));
        match flaw {
            Flaw::OtherName => params.subject_alt_names = self::params(&["other.example".into()]).subject_alt_names,
            Flaw::Expired => params.not_after = date_time_ymd(2026, 1, 1),
            Flaw::OtherAuthority => {}
        }
        let other = (flaw == Flaw::OtherAuthority).then(authority);
        let certificate = params.signed_by(&key, other.as_ref().unwrap_or(&self.authority)).expect("a certificate");
        acceptor(&certificate, &key)
    }
}

fn authority() -> Authority {
    let mut params = params(&[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

fn params(names: &[String]) -> CertificateParams {
    CertificateParams::new(names).expect("names for a certificate")
}

fn acceptor(certificate: &Certificate, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in DER");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a certificate with its key");
    TlsAcceptor::from(Arc::new(config))
}
