//! What PostgreSQL's SQLSTATEs mean (PostgreSQL manual, appendix A). Only the message's main line is
//! kept: the detail quotes stored values.

use std::error::Error as _;

use tokio_postgres::{
    Error,
    error::{DbError as ServerError, Severity, SqlState},
};

use crate::{DbError, OpenError};

/// Why a statement failed.
pub(super) fn job_error(error: &Error) -> DbError {
    match error.as_db_error() {
        Some(server) => server_error(server),
        None if error.is_closed() || is_io(error) => DbError::Disconnected(text(error)),
        None => DbError::Other(text(error)),
    }
}

fn server_error(error: &ServerError) -> DbError {
    let text = || format!("{} ({})", error.message(), error.code().code());
    let constraint = error.constraint().map(str::to_owned);
    match error.code() {
        &SqlState::UNIQUE_VIOLATION => DbError::UniqueViolation { constraint },
        &SqlState::FOREIGN_KEY_VIOLATION => DbError::ForeignKey,
        &SqlState::CHECK_VIOLATION => DbError::CheckViolation,
        &SqlState::NOT_NULL_VIOLATION => DbError::NotNull,
        &SqlState::QUERY_CANCELED => DbError::Timeout,
        &SqlState::LOCK_NOT_AVAILABLE => DbError::Conflict(text()),
        &SqlState::READ_ONLY_SQL_TRANSACTION => DbError::ReadOnly,
        &SqlState::DISK_FULL => DbError::DiskFull,
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => DbError::Corrupt(text()),
        // A migration changed what a prepared statement gives: prepare it anew.
        _ if error.routine() == Some("RevalidateCachedQuery") => DbError::Disconnected(text()),
        code => match code.code().get(..2) {
            Some("40") => DbError::Conflict(text()),
            Some("08" | "57") => DbError::Disconnected(text()),
            Some("53") => DbError::Unavailable(text()),
            _ if is_fatal(error) => DbError::Disconnected(text()),
            _ => DbError::Other(text()),
        },
    }
}

/// Why a commit failed. Only a server that goes on can say that nothing was stored.
pub(super) fn commit_error(error: &Error) -> DbError {
    match error.as_db_error() {
        Some(server) if !is_fatal(server) => match server_error(server) {
            DbError::Disconnected(text) => DbError::UnknownCommit(text),
            known => known,
        },
        _ => DbError::UnknownCommit(text(error)),
    }
}

/// Whether the server ends the connection with this error.
fn is_fatal(error: &ServerError) -> bool {
    matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic) | None)
}

/// Why no connection was made.
pub(super) fn open_error(server: &str, error: &Error) -> OpenError {
    let (server, reason) = (server.to_owned(), text(error));
    match error.code() {
        Some(code) if matches!(code.code().get(..2), Some("53" | "57" | "08")) => {
            OpenError::Unreachable { server, reason }
        }
        Some(_) => OpenError::Refused { server, reason },
        None if reason.contains("TLS") || reason.contains("certificate") => {
            OpenError::Tls { server, reason }
        }
        None => OpenError::Unreachable { server, reason },
    }
}

fn is_io(error: &Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// The error with its cause, without the server's detail.
fn text(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(server), _) => format!("{} ({})", server.message(), server.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
