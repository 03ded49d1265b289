//! Lookups on the caller's own thread. A few rows by their keys are sooner read than handed to another
//! thread, whose two switches cost more than the reading does. It must never wait: when every
//! connection is taken, the lookup goes to the readers' threads as any other read.

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc::SyncSender};

use tokio::sync::oneshot;

use super::{Connection, Place, read_job};
use crate::{DbError, job::Job, lane::Lane, stats::Counted};

/// How many lookups run at once, at most; no more are open than ever ran at once.
const AT_ONCE: usize = 8;

/// The connections for lookups.
pub(crate) struct Lookups {
    place: Place,
    desk: Mutex<Desk>,
}

struct Desk {
    free: Vec<Reader>,
    taken: usize,
    /// What each reader holds as long as it is open; none once closed.
    open: Option<SyncSender<()>>,
}

/// A connection, for which the writer waits before it closes its own.
struct Reader {
    connection: Counted<Connection>,
    _open: SyncSender<()>,
}

impl Lookups {
    /// Connections to `place`, each with a clone of `open` as long as it is open.
    pub(crate) fn new(place: &Place, open: SyncSender<()>) -> Self {
        let desk = Desk { free: Vec::new(), taken: 0, open: Some(open) };
        Self { place: place.clone(), desk: Mutex::new(desk) }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // No code that can panic runs under this lock.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs and answers the job, or gives it back when there is no connection for it now.
    pub(crate) fn run(&self, lane: &Lane, job: Box<dyn Job>) -> Option<Box<dyn Job>> {
        let Some(mut reader) = self.take(lane) else { return Some(job) };
        read_job(lane, &mut reader.connection, job);
        self.put_back(reader);
        None
    }

    fn take(&self, lane: &Lane) -> Option<Reader> {
        let open = {
            let mut desk = self.desk();
            let open = desk.open.clone()?;
            if desk.taken == AT_ONCE {
                return None;
            }
            desk.taken += 1;
            if let Some(reader) = desk.free.pop() {
                return Some(reader);
            }
            open
        };
        let opened = Connection::open_reader(&self.place);
        if opened.is_err() {
            self.desk().taken -= 1;
        }
        let connection = lane.counters.connected(opened.ok()?);
        Some(Reader { connection, _open: open })
    }

    fn put_back(&self, reader: Reader) {
        let mut desk = self.desk();
        desk.taken -= 1;
        if desk.open.is_some() {
            desk.free.push(reader);
        }
    }

    /// Looks through the whole file on a thread and a connection of their own, until nobody waits for it.
    pub(crate) async fn look_through(&self) -> Result<(), DbError> {
        let closed = || DbError::Unavailable("it was closed".to_owned());
        let unavailable = |error: &dyn ToString| DbError::Unavailable(error.to_string());
        let open = self.desk().open.clone().ok_or_else(closed)?;
        let connection = Connection::open_reader(&self.place).map_err(|e| unavailable(&e))?;
        let _interrupt = connection.interrupt();
        let (told, found) = oneshot::channel();
        let look = move || {
            let found = connection.look_through();
            // The writer may close now.
            drop(open);
            // Nobody may be waiting any more.
            let _ = told.send(found);
        };
        let thread = std::thread::Builder::new().name("db-look".to_owned()).spawn(look);
        thread.map_err(|error| unavailable(&error))?;
        found.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Takes no more, and closes the connections.
    pub(crate) fn close(&self) {
        let mut desk = self.desk();
        desk.open = None;
        desk.free.clear();
    }
}
