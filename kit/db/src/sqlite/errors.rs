//! What SQLite's result codes mean (sqlite.org/rescode.html).

use std::path::Path;

use rusqlite::{Error, ErrorCode, ffi};

use crate::{DbError, OpenError};

/// Why a job failed.
pub(super) fn job_error(error: &Error) -> DbError {
    let Error::SqliteFailure(failure, message) = error else {
        return DbError::Other(error.to_string());
    };
    let text = || message.clone().unwrap_or_else(|| failure.to_string());
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => {
            // 'UNIQUE constraint failed: users.email'
            let constraint = text().split_once(": ").map(|(_, columns)| columns.to_owned());
            return DbError::UniqueViolation { constraint };
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return DbError::ForeignKey,
        ffi::SQLITE_CONSTRAINT_CHECK => return DbError::CheckViolation,
        ffi::SQLITE_CONSTRAINT_NOTNULL => return DbError::NotNull,
        _ => {}
    }
    match failure.code {
        ErrorCode::OperationInterrupted => DbError::Timeout,
        ErrorCode::DiskFull => DbError::DiskFull,
        ErrorCode::ReadOnly => DbError::ReadOnly,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => DbError::Corrupt(text()),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => DbError::Locked,
        _ => DbError::Other(text()),
    }
}

/// Why a commit failed. SQLite keeps the transaction open or rolls it back when it says so; only an
/// error of the disk leaves open what a later start will find in the log.
pub(super) fn commit_error(error: DbError) -> DbError {
    match error {
        DbError::Other(text) if text.contains("I/O") => DbError::UnknownCommit(text),
        error => error,
    }
}

/// Why a file cannot be opened.
pub(super) fn open_error(path: &Path, error: &Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            OpenError::Corrupt { path, reason: error.to_string() }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path },
        Some(ErrorCode::DiskFull) => OpenError::DiskFull { path },
        _ => OpenError::Unwritable { path, reason: error.to_string() },
    }
}
