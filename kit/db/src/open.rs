//! Which database a URL names, and why it cannot be opened, each in one sentence that says what to
//! do. Passwords must never appear in it.

use std::path::{Path, PathBuf};

use crate::sqlite::Place;

/// Why a database cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is not understood.
    #[error("not a database URL: {0}; write sqlite:PATH, postgres://… or mysql://…")]
    BadUrl(String),
    /// The file is no SQLite database, or a damaged one.
    #[error(
        "{} is no SQLite database or is damaged ({reason}): keep a copy of it, and restore a backup",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// The file or its folder cannot be written.
    #[error(
        "cannot write {} ({reason}): check that its folder exists, and that the user who runs this \
         program may write to both", path.display()
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Another process holds the file.
    #[error("{} is in use by another program: stop that one first", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// No space is left.
    #[error("no space is left for {}: free some and start again", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The server cannot be reached.
    #[error("cannot reach {server} ({reason}): check that it runs there and the URL is right")]
    Unreachable {
        /// Where it should be, without user and password.
        server: String,
        /// What the system says.
        reason: String,
    },
    /// The server refuses us.
    #[error("{server} refuses the connection ({reason}): check user, password and database")]
    Refused {
        /// Where it is, without user and password.
        server: String,
        /// What the server says.
        reason: String,
    },
    /// The connection cannot be made safe by TLS.
    #[error(
        "no trusted TLS connection to {server} ({reason}): name the authority's certificate by \
         sslrootcert=FILE, or give up TLS by sslmode=disable"
    )]
    Tls {
        /// Where it is, without user and password.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// No thread can be started.
    #[error("cannot start a database thread: {0}")]
    Thread(String),
}

impl OpenError {
    pub(crate) fn unwritable(path: &Path, reason: &dyn ToString) -> Self {
        Self::Unwritable { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// What a URL names.
#[derive(Debug)]
pub(crate) enum Target {
    Sqlite(Place),
    Postgres,
    Mysql,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        match url.split_once(':') {
            Some(("sqlite", ":memory:")) => Ok(Self::Sqlite(Place::Memory)),
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() {
                    return Err(OpenError::BadUrl("sqlite: without a path".into()));
                }
                Ok(Self::Sqlite(Place::File(path.into())))
            }
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            Some(("mysql" | "mariadb", _)) => Ok(Self::Mysql),
            Some((scheme, _)) => Err(OpenError::BadUrl(format!("unknown scheme {scheme:?}"))),
            None => Err(OpenError::BadUrl("no scheme".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_files_and_servers() {
        for (url, path) in [
            ("sqlite:orders.db", "orders.db"),
            ("sqlite:/data/orders.db", "/data/orders.db"),
            ("sqlite:///data/orders.db", "/data/orders.db"),
        ] {
            let target = Target::parse(url).expect("a URL");
            assert!(matches!(target, Target::Sqlite(Place::File(p)) if p == Path::new(path)));
        }
        assert!(matches!(Target::parse("sqlite::memory:"), Ok(Target::Sqlite(Place::Memory))));
        assert!(matches!(Target::parse("postgres://h/d"), Ok(Target::Postgres)));
        assert!(matches!(Target::parse("mysql://h/d"), Ok(Target::Mysql)));
    }

    #[test]
    fn what_is_not_understood_is_not_quoted() {
        for url in ["", "orders.db", "sqlite:", "oracle://user:secret@host/x"] {
            let error = Target::parse(url).expect_err("not a URL").to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
