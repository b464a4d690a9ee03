//! Certificates, and TLS handshakes with servers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate and its private key, in PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub crt: String,
    /// The private key.
    pub key: String,
}

/// A certificate authority.
pub struct Authority {
    /// Its certificate, in PEM.
    pub pem: String,
    parameters: CertificateParams,
    key: KeyPair,
}

impl Authority {
    /// Creates an authority with a self-signed certificate.
    pub fn new(name: &str) -> Self {
        let mut parameters = parameters(name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self {
            pem: parameters.self_signed(&key).expect("a certificate").pem(),
            parameters,
            key,
        }
    }

    /// Issues a certificate for this machine.
    pub fn issue(&self, name: &str) -> Identity {
        self.issue_with(parameters(name))
    }

    /// Issues a certificate that expired long ago.
    pub fn issue_expired(&self, name: &str) -> Identity {
        let mut parameters = parameters(name);
        parameters.not_after = rcgen::date_time_ymd(2001, 1, 1);
        self.issue_with(parameters)
    }

    fn issue_with(&self, parameters: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let issuer = Issuer::new(self.parameters.clone(), &self.key);
        let certificate = parameters.signed_by(&key, &issuer).expect("a certificate");
        Identity {
            crt: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

fn parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

/// Returns the first certificate of a chain in PEM.
pub fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
}

/// Shakes hands, trusting `root`, with or without a client certificate; returns the server's certificate.
pub async fn handshake(
    address: SocketAddr,
    root: &str,
    identity: Option<&Identity>,
) -> io::Result<CertificateDer<'static>> {
    let stream = connect_tls(address, root, identity).await?;
    Ok(stream.get_ref().1.peer_certificates().expect("a certificate")[0]
        .clone()
        .into_owned())
}

/// Connects and shakes hands, trusting `root`, with or without a client certificate.
///
/// With TLS 1.2, the server speaks last: it has accepted the client when the handshake succeeds.
pub async fn connect_tls(
    address: SocketAddr,
    root: &str,
    identity: Option<&Identity>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(der(root)).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("a version that ring can do")
        .with_root_certificates(roots);
    let config = match identity {
        None => config.with_no_client_auth(),
        Some(pair) => {
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("a key");
            config.with_client_auth_cert(vec![der(&pair.crt)], key).expect("a pair")
        }
    };
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}
