//! TLS of the server's connections, with the certificate in use.
//!
//! A connection uses the configuration that is current when it begins. A new certificate is a new configuration: it takes effect
//! without a restart, and sessions of the old one are not resumed.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use pbx_domain::Error;
use pbx_types::transports::ClientVerification;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, MutexGuard};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Timeout of a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The TLS configurations in use. Empty until a certificate is installed.
#[derive(Default)]
pub struct Tls {
    /// The authorities of client certificates; empty for those in the server's own chain.
    authorities: Vec<CertificateDer<'static>>,
    current: RwLock<Option<Arc<Prepared>>>,
    changes: Mutex<()>,
}

/// The configurations of a certificate, ready to be installed.
pub struct Prepared {
    /// The certificate as PEM, to recognize it.
    certificate: String,
    https: Arc<ServerConfig>,
    sip: SipConfigs,
}

/// One configuration for each mode of verifying client certificates.
struct SipConfigs {
    disable: Arc<ServerConfig>,
    optional: Arc<ServerConfig>,
    mandatory: Arc<ServerConfig>,
}

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// HTTP/1.1; clients authenticate with tokens, not certificates.
    Https,
    /// SIP, with that verification of client certificates.
    Sip(ClientVerification),
}

/// Returns the root certificates that the machine trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` replace them.
pub fn machine_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Returns the configuration of outgoing connections, to servers with a certificate of one of these authorities.
pub fn client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

impl Tls {
    /// Creates an empty configuration that trusts client certificates of these authorities only.
    pub fn trusting(authorities: Vec<CertificateDer<'static>>) -> Self {
        Self {
            authorities,
            ..Self::default()
        }
    }

    /// Builds the configurations of a certificate: everything about a new one that can fail.
    pub fn prepare(&self, certificate: &str, key: Arc<CertifiedKey>) -> Result<Prepared, Error> {
        let failed = |error: String| Error::internal(format!("preparing TLS: {error}"));
        let prepared = prepare(certificate, key, &self.authorities);
        prepared.map_err(|error| failed(error.to_string()))
    }

    /// Installs a certificate for new connections.
    pub fn install(&self, prepared: Prepared) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(prepared));
    }

    /// Returns `true` if a certificate is installed.
    pub fn is_ready(&self) -> bool {
        self.current().is_some()
    }

    /// Returns `true` if that certificate is installed.
    pub fn is_installed(&self, certificate: &str) -> bool {
        self.current().is_some_and(|current| current.certificate == certificate)
    }

    /// Serializes changes of the certificate, so that the last one stored is the one installed.
    pub async fn lock_changes(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().await
    }

    /// Performs the handshake of a connection.
    pub async fn accept<S>(&self, stream: S, purpose: Purpose) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let current = self
            .current()
            .ok_or_else(|| std::io::Error::other("there is no certificate"))?;
        let config = match purpose {
            Purpose::Https => &current.https,
            Purpose::Sip(ClientVerification::Disable) => &current.sip.disable,
            Purpose::Sip(ClientVerification::Optional) => &current.sip.optional,
            Purpose::Sip(ClientVerification::Mandatory) => &current.sip.mandatory,
        };
        let handshake = TlsAcceptor::from(Arc::clone(config)).accept(stream);
        tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await?
    }

    fn current(&self) -> Option<Arc<Prepared>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn prepare(
    certificate: &str,
    key: Arc<CertifiedKey>,
    given: &[CertificateDer<'static>],
) -> Result<Prepared, Box<dyn std::error::Error>> {
    // Unless authorities are configured, a client's certificate is trusted if an authority of the server's own chain issued it:
    // the API has no other list.
    let authorities = match &key.cert[..] {
        [] => return Err("no certificate".into()),
        _ if !given.is_empty() => given,
        [own] => std::slice::from_ref(own),
        [_, issuers @ ..] => issuers,
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().cloned());
    if roots.is_empty() {
        // If no issuer can be an authority, only the server itself is left.
        roots.add_parsable_certificates(key.cert.iter().cloned());
    }
    let roots = Arc::new(roots);

    let provider = Arc::new(default_provider());
    let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(key));
    let clients = || WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
    let config = |verifier| -> Result<ServerConfig, rustls::Error> {
        Ok(ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::clone(&resolver)))
    };
    let mut https = config(WebPkiClientVerifier::no_client_auth())?;
    https.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Prepared {
        certificate: certificate.to_owned(),
        https: Arc::new(https),
        sip: SipConfigs {
            disable: Arc::new(config(WebPkiClientVerifier::no_client_auth())?),
            optional: Arc::new(config(clients().allow_unauthenticated().build()?)?),
            mandatory: Arc::new(config(clients().build()?)?),
        },
    })
}

#[cfg(test)]
mod tests {
    use pbx_domain::certificate::CertificatePair;
    use pbx_domain::clock;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_handshake_times_out_and_without_a_certificate_it_fails() {
        let tls = Tls::default();
        let (_client, server) = tokio::io::duplex(1024);
        let error = tls.accept(server, Purpose::Https).await.unwrap_err();
        assert!(error.to_string().contains("there is no certificate"));

        let pair = CertificatePair::self_signed(clock::now(), &[]).unwrap();
        let key = pair.read().unwrap();
        tls.install(tls.prepare(&pair.certificate, key).unwrap());
        assert!(tls.is_ready() && tls.is_installed(&pair.certificate) && !tls.is_installed("another"));
        let (_client, server) = tokio::io::duplex(1024);
        // The clock is paused: it jumps to the next timer whenever everything waits.
        let error = tls.accept(server, Purpose::Https).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}
