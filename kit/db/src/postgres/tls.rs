//! TLS to PostgreSQL by rustls. Certificates are always verified, by the system's authorities and
//! those of `sslrootcert`.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;

/// What encrypts connections in this mode.
pub(super) fn connector(
    mode: SslMode,
    root_certificates: Option<PathBuf>,
    server: &str,
) -> Result<MakeRustlsConnect, OpenError> {
    let failed = |reason: String| OpenError::Tls { server: server.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    if mode != SslMode::Disable {
        // A system without authorities is no error by itself: `sslrootcert` may name the one.
        let system = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(system.certs);
        if let Some(path) = root_certificates {
            let quoted =
                |error: &dyn std::fmt::Display| failed(format!("{}: {error}", path.display()));
            for certificate in CertificateDer::pem_file_iter(&path).map_err(|e| quoted(&e))? {
                let certificate = certificate.map_err(|e| quoted(&e))?;
                roots.add(certificate).map_err(|e| quoted(&e))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
