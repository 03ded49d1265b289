//! What the error numbers of MySQL and MariaDB mean. Their texts quote stored values, so that quoted
//! parts are taken out, except where they quote the statement.

use std::io::ErrorKind;

use mysql::{DriverError, Error, MySqlError};

use crate::{DbError, OpenError};

/// Why a statement failed.
pub(super) fn job_error(error: &Error) -> DbError {
    match error {
        Error::MySqlError(server) => server_error(server),
        Error::IoError(error)
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
        {
            DbError::Timeout
        }
        Error::IoError(_) | Error::CodecError(_) | Error::TlsError(_) => {
            DbError::Disconnected(error.to_string())
        }
        Error::DriverError(DriverError::PacketOutOfSync | DriverError::UnexpectedPacket) => {
            DbError::Disconnected(error.to_string())
        }
        // Other errors of the driver can quote the row or the URL.
        Error::DriverError(error) => DbError::Other(error.to_string()),
        _ => DbError::Other("the driver does not understand the answer".into()),
    }
}

fn server_error(error: &MySqlError) -> DbError {
    match error.code {
        1022 | 1062 | 1586 | 1859 => {
            // "Duplicate entry 'value' for key 'name'"
            let name = error.message.rsplit_once("for key '").map(|(_, name)| name);
            let constraint = name.map(|name| name.trim_end_matches('\'').to_owned());
            DbError::UniqueViolation { constraint }
        }
        1216 | 1217 | 1451 | 1452 => DbError::ForeignKey,
        3819 | 4025 => DbError::CheckViolation,
        1048 | 1364 => DbError::NotNull,
        // Deadlock; waited too long for a row; a row changed since the snapshot.
        1213 | 1205 | 1020 | 3572 => DbError::Conflict(text(error)),
        1317 | 1969 | 3024 => DbError::Timeout,
        1792 => DbError::ReadOnly,
        1021 | 1114 => DbError::DiskFull,
        1034 | 1035 | 1194 | 1195 => DbError::Corrupt(text(error)),
        1040 | 1041 | 1203 | 1226 => DbError::Unavailable(text(error)),
        // The server stops, or ended the connection; a migration changed a prepared statement.
        1053 | 1077 | 1079 | 1152..=1161 | 1184 | 1243 | 1615 | 1927 | 4031 => {
            DbError::Disconnected(text(error))
        }
        _ => DbError::Other(text(error)),
    }
}

/// Why a commit failed. Only a server that goes on can say that nothing was stored.
pub(super) fn commit_error(error: &Error) -> DbError {
    match job_error(error) {
        DbError::Disconnected(text) | DbError::Other(text) => DbError::UnknownCommit(text),
        DbError::Timeout => DbError::UnknownCommit("no answer in time".into()),
        known => known,
    }
}

/// Why no connection was made.
pub(super) fn open_error(server: &str, error: &Error) -> OpenError {
    let server = server.to_owned();
    match error {
        Error::MySqlError(error) if matches!(error.code, 1040 | 1053 | 1203) => {
            OpenError::Unreachable { server, reason: text(error) }
        }
        Error::MySqlError(error) => OpenError::Refused { server, reason: text(error) },
        Error::TlsError(error) => OpenError::Tls { server, reason: error.to_string() },
        Error::DriverError(DriverError::TlsNotSupported) => {
            OpenError::Tls { server, reason: "the server has none".into() }
        }
        Error::IoError(_) | Error::CodecError(_) => {
            let reason = error.to_string();
            if reason.contains("certificate") || reason.contains("tls") {
                return OpenError::Tls { server, reason };
            }
            OpenError::Unreachable { server, reason }
        }
        Error::DriverError(error) => OpenError::Unreachable { server, reason: error.to_string() },
        _ => OpenError::Unreachable { server, reason: "it does not speak MySQL".into() },
    }
}

/// The number and the text of an error, without quoted values.
fn text(error: &MySqlError) -> String {
    let (code, message) = (error.code, &error.message);
    // Unknown column, syntax, unknown table: these quote the program's own statement.
    if matches!(code, 1044..=1049 | 1054 | 1064 | 1146) {
        return format!("{message} ({code})");
    }
    let without: Vec<&str> = message.split('\'').step_by(2).collect();
    format!("{} ({code})", without.join("'…'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u16, message: &str) -> DbError {
        let (state, message) = ("HY000".to_owned(), message.to_owned());
        job_error(&Error::MySqlError(MySqlError { state, message, code }))
    }

    #[test]
    fn texts_do_not_quote_what_is_stored() {
        let duplicate = error(1062, "Duplicate entry 'bob@example.com' for key 'users.email'");
        let too_long = error(1366, "Incorrect value: 'secret' for column 'name' at row 1");

        assert_eq!(duplicate, DbError::UniqueViolation { constraint: Some("users.email".into()) });
        assert_eq!(
            too_long,
            DbError::Other("Incorrect value: '…' for column '…' at row 1 (1366)".into())
        );
    }
}
