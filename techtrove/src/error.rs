//! Why the program ends with an error: one clear sentence each, which says what to do next.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::{
    backup::BackupError, control::ControlError, demo::LoadError, folder::FolderError,
    settings::InvalidSetting, shop::StartError,
};

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The data folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] FolderError),
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// The shop cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A database was found to be damaged.
    #[error(
        "the database {db} is damaged ({reason}): keep a copy of the data folder, and restore a backup"
    )]
    Damaged {
        /// Which database.
        db: String,
        /// What the engine says.
        reason: String,
    },
    /// The demo shop is not as it has to be where the shop listens.
    #[error(transparent)]
    Demo(#[from] LoadError),
    /// A backup cannot be made or restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The shop could not be called.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The port is taken, or not ours to take.
    #[error(
        "cannot listen on {address}: {cause}; choose another address with {option}, or stop the program that has this one"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the operating system said.
        cause: io::Error,
        /// The option that changes it.
        option: &'static str,
    },
    /// The private socket cannot be opened.
    #[error(
        "cannot open the private socket in the data folder: {0}; check the folder's permissions"
    )]
    ControlSocket(io::Error),
    /// A file to import cannot be read.
    #[error("cannot read {path}: {cause}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {cause}", path = path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The export ended before all products were there.
    #[error("the export broke off: {0}; the shop's log says why")]
    BrokenOff(Box<dyn std::error::Error + Send + Sync>),
    /// A folder was given where a file is wanted.
    #[error("{path} is a folder; name the files to import, like {path}/products.ndjson", path = path.display())]
    Folder {
        /// Which folder.
        path: PathBuf,
    },
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    StandardInput(io::Error),
    /// There was no password on standard input.
    #[error("no password given; write it as one line to standard input")]
    NoPassword,
    /// The import ended before all lines were done.
    #[error("the import ended as {0}; the shop's log says why")]
    ImportFailed(String),
    /// Lines were refused.
    #[error("{0} lines were refused; correct them and import them again")]
    RefusedLines(u64),
    /// The audit found differences.
    #[error("the books do not agree: {0} differences")]
    BooksDisagree(u64),
    /// The operating system refused something basic.
    #[error("cannot start: {0}")]
    System(io::Error),
    /// Logs or metrics cannot be set up.
    #[error("cannot start: {0}")]
    Telemetry(Box<dyn std::error::Error + Send + Sync>),
    /// A request of our own could not be written.
    #[error("a request could not be written: {0}")]
    Request(Box<dyn std::error::Error + Send + Sync>),
}

impl ProgramError {
    /// Logs or metrics cannot be set up.
    pub fn telemetry(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Telemetry(error.into())
    }

    /// The export ended before all products were there.
    pub fn broken_off(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::BrokenOff(error.into())
    }

    /// A request of our own could not be written.
    pub fn request(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Request(error.into())
    }
}
