//! A certificate authority of the test's own, and the server's certificate by it.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What makes a server trusted by those who know `ca_file`.
pub struct Trust {
    directory: TempDir,
    acceptor: TlsAcceptor,
}

impl Trust {
    /// A fresh authority, and its certificate for `names`.
    pub fn new(names: &[&str]) -> Self {
        let mut params = CertificateParams::new([]).expect("an authority without names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("ca.pem"), authority.pem()).expect("a file in it");

        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let params = CertificateParams::new(names).expect("names for a certificate");
        let certificate = params.signed_by(&key, &authority).expect("a certificate");
        let path = directory.path().join("server.pem");
        std::fs::write(path, certificate.pem() + &key.serialize_pem()).expect("a file in it");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in DER");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a certificate with its key");
        Self { directory, acceptor: TlsAcceptor::from(Arc::new(config)) }
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
}
