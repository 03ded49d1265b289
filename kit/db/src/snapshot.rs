//! Copies of SQLite databases as all of them were at one moment: their writers stand still until each has
//! a reader that holds on to what it sees, which takes some milliseconds; then they go on, and the copies
//! are made of what the readers see. Nothing was acknowledged in between, so that the copies together are
//! what a power cut at that moment would have left. A server's databases are copied by its own tools.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    Db, DbError, Engine, OpenError,
    sqlite::{Connection, Place},
};

/// How long a writer may take to come to a stand.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why databases cannot be copied.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is in no file of this machine's.
    #[error("the database {name} is no file of the shop's own: {}", tools(*engine))]
    NotAFile {
        /// Which database.
        name: String,
        /// What keeps it.
        engine: Engine,
    },
    /// A writer did not come to a stand.
    #[error("the database {name} could not be paused ({cause}): try again when less is written")]
    NotPaused {
        /// Which database.
        name: String,
        /// What the database says.
        cause: DbError,
    },
    /// A reader cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy cannot be read or written.
    #[error("cannot copy the database {name} to {}: {cause}", path.display())]
    Copy {
        /// Which database.
        name: String,
        /// Where to.
        path: PathBuf,
        /// What SQLite says.
        cause: DbError,
    },
}

/// How somebody copies what is not in a file here.
fn tools(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "it is in memory",
        Engine::Postgres => {
            "copy PostgreSQL with pg_basebackup and its archived log, all databases to one moment"
        }
        Engine::Mysql => {
            "copy MySQL with xtrabackup, MariaDB with mariadb-backup, all databases to one moment"
        }
    }
}

/// A database as it was at the moment of a backup. Until it is dropped, its file keeps that state beside
/// what is written now.
#[derive(Debug)]
pub struct Snapshot {
    name: String,
    connection: Connection,
}

/// A writer that stands still until this is dropped.
struct Pause {
    _go_on: mpsc::Sender<()>,
}

/// What these databases hold at one moment, all of them together.
///
/// # Errors
/// When one is not a SQLite file, does not come to a stand, or cannot be read.
pub async fn snapshots(databases: &[Db]) -> Result<Vec<Snapshot>, SnapshotError> {
    let mut files = Vec::with_capacity(databases.len());
    for db in databases {
        let (name, engine) = (db.name().to_owned(), db.engine());
        let file = db.file().ok_or(SnapshotError::NotAFile { name, engine })?;
        files.push((db, file.to_owned()));
    }
    let mut paused = Vec::with_capacity(files.len());
    for (db, _) in &files {
        let not_paused = |cause| SnapshotError::NotPaused { name: db.name().to_owned(), cause };
        paused.push(pause(db).await.map_err(not_paused)?);
    }
    let held = files.into_iter().map(|(db, file)| Snapshot::hold(db.name(), file)).collect();
    drop(paused);
    held
}

/// Brings the writer of a database to a stand.
async fn pause(db: &Db) -> Result<Pause, DbError> {
    let (stands, standing) = oneshot::channel();
    let (go_on, wait) = mpsc::channel::<()>();
    let stands = std::sync::Mutex::new(Some(stands));
    let writer = db.clone();
    // The answer comes when it goes on, and nobody waits for that.
    tokio::spawn(async move {
        let standing_still = writer.write("pause", move |_| -> Result<(), DbError> {
            let told = stands.lock().ok().and_then(|mut stands| stands.take());
            if let Some(told) = told {
                // Whoever wanted the pause may have gone; then the wait is over at once.
                let _ = told.send(());
            }
            // Nothing is ever sent: it ends when the other end is dropped.
            let _ = wait.recv();
            Ok(())
        });
        if let Err(error) = standing_still.await {
            tracing::warn!(%error, db = writer.name(), "a pause ended badly");
        }
    });
    match tokio::time::timeout(PATIENCE, standing).await {
        Ok(Ok(())) => Ok(Pause { _go_on: go_on }),
        Ok(Err(_)) => Err(DbError::Unavailable("it took no more jobs".to_owned())),
        Err(_) => Err(DbError::Timeout),
    }
}

impl Snapshot {
    fn hold(name: &str, file: PathBuf) -> Result<Self, SnapshotError> {
        let mut connection = Connection::open_reader(&Place::File(file.clone()))?;
        let name = name.to_owned();
        match connection.hold_snapshot() {
            Ok(()) => Ok(Self { name, connection }),
            Err(cause) => Err(SnapshotError::Copy { name, path: file, cause }),
        }
    }

    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes it to a new file that its owner alone may read; on the disk when this returns. It blocks.
    ///
    /// # Errors
    /// When it cannot be read or written; there may be a part of a file then.
    pub fn copy_to(&self, path: &Path) -> Result<(), SnapshotError> {
        self.connection.copy_to(path).map_err(|cause| SnapshotError::Copy {
            name: self.name.clone(),
            path: path.to_owned(),
            cause,
        })
    }
}

/// The versions of the tables in a SQLite file that nobody has open, by the name of their set, once the
/// whole file was looked through. It blocks.
///
/// # Errors
/// When it is damaged, or cannot be read.
pub fn check_file(path: &Path) -> Result<BTreeMap<String, i64>, OpenError> {
    let place = Place::File(path.to_owned());
    let mut connection = Connection::open_reader(&place)?;
    connection.check().map_err(|error| match error {
        DbError::Corrupt(reason) => OpenError::Corrupt { path: path.to_owned(), reason },
        error => OpenError::unwritable(path, &error),
    })
}
