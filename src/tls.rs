//! Ring 2, shared by the edges that are reached or reach over TLS: certificate files, read with faults that say which file and why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ureq::tls::{Certificate, RootCerts};

#[derive(Debug, thiserror::Error)]
#[error("{file} cannot be used for TLS: {reason}", file = .file.display())]
pub struct Fault {
    pub file: PathBuf,
    pub reason: String,
}

impl Fault {
    fn of(file: &Path, reason: impl ToString) -> Fault {
        let (file, reason) = (file.to_owned(), reason.to_string());
        Fault { file, reason }
    }
}

/// All certificates of a PEM file, at least one.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err(Fault::of(file, "no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(Fault::of(file, error)),
    }
}

/// What a server shows with a certificate chain and its key; no certificate is asked of those who come.
pub fn server(cert: &Path, key: &Path) -> Result<ServerConfig, Fault> {
    let chain = certificates(cert)?;
    let read = PrivateKeyDer::from_pem_file(key).map_err(|error| Fault::of(key, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, read))
        .map_err(|error| Fault::of(key, error))
}

/// Who may have signed the server's certificate; without a file the public authorities.
pub fn trust(ca_file: Option<&Path>) -> Result<RootCerts, Fault> {
    let Some(file) = ca_file else {
        return Ok(RootCerts::WebPki);
    };
    let read = certificates(file)?;
    let certificates: Vec<_> = read.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
    Ok(RootCerts::new_with_certs(&certificates))
}
