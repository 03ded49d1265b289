//! What the URLs of servers have in common: how TLS is asked for. `sslmode` is `disable`, `prefer`
//! (PostgreSQL only) or `require`; certificates are always verified. Without it, TLS is required,
//! except on this machine itself.

use std::path::PathBuf;

use crate::OpenError;

/// Whether connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsMode {
    Disable,
    Prefer,
    Require,
}

/// A server's URL without what only we understand.
#[derive(Debug)]
pub(crate) struct ServerUrl {
    pub url: String,
    /// What was asked for.
    pub tls: Option<TlsMode>,
    /// A file of certificates to trust besides the system's.
    pub root_certificates: Option<PathBuf>,
}

impl ServerUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut tls, mut root_certificates, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode" | "ssl-mode", mode)) => tls = Some(tls_mode(mode)?),
                Some(("sslrootcert", path)) => root_certificates = Some(PathBuf::from(path)),
                _ => rest.push(pair),
            }
        }
        let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
        Ok(Self { url: format!("{base}{query}"), tls, root_certificates })
    }

    /// The mode for a server, which may be on this machine.
    pub(crate) fn tls_for(&self, is_local: bool) -> TlsMode {
        self.tls.unwrap_or(if is_local { TlsMode::Disable } else { TlsMode::Require })
    }
}

fn tls_mode(mode: &str) -> Result<TlsMode, OpenError> {
    match mode.to_ascii_lowercase().as_str() {
        "disable" | "disabled" => Ok(TlsMode::Disable),
        "prefer" | "preferred" => Ok(TlsMode::Prefer),
        "require" | "required" | "verify-ca" | "verify_ca" | "verify-full" | "verify_identity" => {
            Ok(TlsMode::Require)
        }
        _ => Err(OpenError::BadUrl("sslmode is disable, prefer or require".into())),
    }
}

/// Whether a host's name stands for this machine.
pub(crate) fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.starts_with('/')
        || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_taken_out_of_the_url() {
        let url = ServerUrl::parse("postgres://h/d?sslmode=require&a=1&sslrootcert=/ca.pem&b=2")
            .expect("a URL");

        assert_eq!(url.url, "postgres://h/d?a=1&b=2");
        assert_eq!(url.tls, Some(TlsMode::Require));
        assert_eq!(url.root_certificates, Some("/ca.pem".into()));
        assert!(ServerUrl::parse("postgres://h/d?sslmode=maybe").is_err());
    }

    #[test]
    fn only_this_machine_goes_without_tls_unasked() {
        let url = ServerUrl::parse("postgres://h/d").expect("a URL");

        for (host, mode) in [
            ("localhost", TlsMode::Disable),
            ("127.0.0.1", TlsMode::Disable),
            ("[::1]", TlsMode::Disable),
            ("/run/postgresql", TlsMode::Disable),
            ("db.example", TlsMode::Require),
            ("10.0.0.1", TlsMode::Require),
        ] {
            assert_eq!(url.tls_for(is_local(host)), mode, "{host}");
        }
    }
}
