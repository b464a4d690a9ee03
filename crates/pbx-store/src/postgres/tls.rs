//! Encryption of the connections: the parameters `sslmode` and `sslrootcert` of the URL. The driver does not know the second, nor
//! all modes. TLS without verification is not offered: whenever TLS is used, the server's certificate is verified.

use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The TLS connector; `None` for connections without encryption.
pub(super) type Tls = Option<MakeRustlsConnect>;

/// Returns the URL for the driver, and the connector. An error says what is wrong with the parameters.
pub(super) fn parse_parameters(url: &str) -> Result<(String, Tls), String> {
    let (before, query) = match url.rsplit_once('?') {
        // A question mark before an at sign is part of the password.
        Some((before, query)) if !query.contains('@') => (before, query),
        _ => (url, ""),
    };
    let (mut encrypted, mut roots) = (false, None);
    let mut others = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", "disable")) => encrypted = false,
            Some(("sslmode", "require" | "verify-ca" | "verify-full")) => encrypted = true,
            Some(("sslmode", _)) => return Err("its sslmode is neither disable nor require".to_owned()),
            Some(("sslrootcert", path)) => {
                let path = percent_decode_str(path).decode_utf8();
                roots = Some(PathBuf::from(
                    path.map_err(|_| "its sslrootcert is not a path")?.as_ref(),
                ));
            }
            _ => others.push(parameter),
        }
    }
    let mode = if encrypted {
        "sslmode=require"
    } else {
        "sslmode=disable"
    };
    others.push(mode);
    let tls = if encrypted { Some(connector(roots)?) } else { None };
    Ok((format!("{before}?{}", others.join("&")), tls))
}

/// Returns a connector that trusts the certificates of the file, or those of the system.
fn connector(roots: Option<PathBuf>) -> Result<MakeRustlsConnect, String> {
    let mut trusted = RootCertStore::empty();
    match roots {
        Some(path) => {
            let invalid = |reason: String| format!("its sslrootcert {} cannot be used: {reason}", path.display());
            for certificate in CertificateDer::pem_file_iter(&path).map_err(|error| invalid(error.to_string()))? {
                let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
                trusted.add(certificate).map_err(|error| invalid(error.to_string()))?;
            }
            if trusted.is_empty() {
                return Err(invalid("there is no certificate in it".to_owned()));
            }
        }
        None => {
            trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if trusted.is_empty() {
                return Err(
                    "this system trusts no certificate authority: name a file with certificates in sslrootcert"
                        .to_owned(),
                );
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_parameters_are_replaced_and_others_are_kept() {
        let plain = |url: &str| {
            let (url, tls) = parse_parameters(url).unwrap();
            assert!(tls.is_none());
            url
        };
        assert_eq!(plain("postgres://u@h/d"), "postgres://u@h/d?sslmode=disable");
        assert_eq!(
            plain("postgres://u:a?b@h/d?sslmode=disable&connect_timeout=3"),
            "postgres://u:a?b@h/d?connect_timeout=3&sslmode=disable"
        );
        assert_eq!(
            plain("postgres://u:a?sslmode=require@h/d"),
            "postgres://u:a?sslmode=require@h/d?sslmode=disable"
        );
        let error = |url: &str| parse_parameters(url).map(drop).unwrap_err();
        assert!(error("postgres://u@h/d?sslmode=prefer").contains("neither disable nor require"));
        assert!(
            error("postgres://u@h/d?sslmode=require&sslrootcert=/missing%20it").contains("/missing it cannot be used")
        );
    }
}
