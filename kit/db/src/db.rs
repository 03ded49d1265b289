//! A database as the rest of the program sees it: named jobs go in, answers come out after the
//! commit. Nothing here knows an engine beyond choosing it; how jobs run is in `sqlite`, `worker`
//! and `inline`.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use tokio::sync::{Notify, mpsc, oneshot};

use crate::{
    DbError, DbOptions, DbStats, Engine, MigrateError, MigrationSet, OpenError, Race, Tx,
    damage::Damage,
    inline::Inline,
    job::{self, Job},
    lane::{Committed, Lane},
    migrate, mysql,
    open::Target,
    owner, postgres,
    simulated::{self, Mount},
    sqlite::{self, Lookups, Place},
    tx::Kind,
    worker::{Purpose, Server, Worker},
};

/// How often a job runs that meets others each time. Once more is enough to see the other's row; the rest is
/// for rows that are made and removed from all sides.
const ATTEMPTS: usize = 5;

/// An open database. Clones share it; it is closed by [`Db::close`], or with its last clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    engine: Engine,
    options: DbOptions,
    read: Arc<Lane>,
    write: Arc<Lane>,
    committed: Arc<Committed>,
    damage: Arc<Damage>,
    backend: Backend,
}

enum Backend {
    Inline(Inline),
    Simulated(Mount),
    /// A file.
    Sqlite(Threads, PathBuf, Lookups),
    Server(Threads, Arc<dyn Server>),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Inner { name, engine, .. } = &*self.0;
        f.debug_struct("Db").field("name", name).field("engine", engine).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the database at `url`: `sqlite:PATH`, `sqlite::memory:`, `postgres://…` or `mysql://…`.
    /// A SQLite file that does not exist is made; on a server the database must exist.
    ///
    /// # Errors
    /// When it cannot be reached, read or written; the text says what to do.
    pub async fn open(url: &str, options: DbOptions) -> Result<Self, OpenError> {
        let target = Target::parse(url)?;
        if options.inline && !matches!(target, Target::Sqlite(_)) {
            return Err(OpenError::BadUrl("only SQLite can run inline".into()));
        }
        match target {
            Target::Sqlite(place) => Self::open_sqlite(place, options).await,
            Target::Postgres => {
                let (name, server) = postgres::server(url, &options)?;
                Self::open_server(Engine::Postgres, &name, server, options).await
            }
            Target::Mysql => {
                let (name, server) = mysql::server(url, &options)?;
                Self::open_server(Engine::Mysql, &name, server, options).await
            }
        }
    }

    fn assemble(
        engine: Engine,
        name: &str,
        options: DbOptions,
        backend: impl FnOnce(&Lanes) -> Result<Backend, OpenError>,
    ) -> Result<Self, OpenError> {
        let (name, committed): (Arc<str>, _) = (name.into(), Arc::<Committed>::default());
        let damage = Arc::new(Damage::unknown(&name));
        let lane = |kind| Arc::new(Lane::new(&name, kind, &options, (&committed, &damage)));
        let lanes = Lanes { read: lane(Kind::Read), write: lane(Kind::Write) };
        let backend = backend(&lanes)?;
        let Lanes { read, write } = lanes;
        let inner = Inner { name, engine, options, read, write, committed, damage, backend };
        Ok(Self(Arc::new(inner)))
    }

    /// A database on a simulated disk, inline or as a mount.
    pub(crate) fn on_disk(
        name: &str,
        options: DbOptions,
        disk: simulated::Access,
    ) -> Result<(Self, Arc<Lane>), OpenError> {
        let db = Self::assemble(Engine::Sqlite, name, options, |_| {
            Ok(match disk {
                simulated::Access::Inline(inline) => Backend::Inline(inline),
                simulated::Access::Mount(mount) => Backend::Simulated(mount),
            })
        })?;
        let writing = Arc::clone(&db.0.write);
        Ok((db, writing))
    }

    async fn open_sqlite(place: Place, options: DbOptions) -> Result<Self, OpenError> {
        let stem = match &place {
            Place::File(path) => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            Place::Memory => None,
        };
        let name = stem.unwrap_or_else(|| "memory".to_owned());
        let path = match &place {
            Place::File(path) if !options.inline => path.clone(),
            _ => {
                return Self::assemble(Engine::Sqlite, &name, options, |_| {
                    Ok(Backend::Inline(Inline::open(&place)?))
                });
            }
        };
        let readers = options.reader_count(2);
        let (sender, opened) = oneshot::channel();
        let db = Self::assemble(Engine::Sqlite, &name, options, |lanes| {
            let mut threads = Threads::new();
            let (reading, readers_ended) = std::sync::mpsc::sync_channel(0);
            let (lane, file) = (Arc::clone(&lanes.write), place.clone());
            threads.start(&format!("{name}-write"), move || {
                sqlite::write_until_closed(&lane, &file, sender, &readers_ended);
            })?;
            for _ in 0..readers {
                let (lane, file) = (Arc::clone(&lanes.read), place.clone());
                let reading = reading.clone();
                threads.start(&format!("{name}-read"), move || {
                    sqlite::read_until_closed(&lane, &file);
                    drop(reading);
                })?;
            }
            let lookups = Lookups::new(&place, reading);
            Ok(Backend::Sqlite(threads.complete(), path, lookups))
        })?;
        opened.await.unwrap_or_else(|_| Err(OpenError::Thread("it ended at once".into())))?;
        Ok(db)
    }

    async fn open_server(
        engine: Engine,
        name: &str,
        server: Arc<dyn Server>,
        options: DbOptions,
    ) -> Result<Self, OpenError> {
        probe(&server).await?;
        let (readers, workers) = (options.reader_count(4), options.worker_count());
        Self::assemble(engine, name, options, |lanes| {
            let mut threads = Threads::new();
            for (lane, count, what) in
                [(&lanes.write, workers, "write"), (&lanes.read, readers, "read")]
            {
                for number in 0..u32::try_from(count).unwrap_or(u32::MAX) {
                    let worker = Worker::new(lane, &server, number);
                    threads.start(&format!("{name}-{what}"), move || worker.run_until_closed())?;
                }
            }
            Ok(Backend::Server(threads.complete(), server))
        })
    }

    /// Runs a job that may write, in a transaction of its own. It is committed when the job returns
    /// `Ok`, and the answer comes after that; when it returns `Err` or panics, nothing of it stays.
    /// The job may run several times, so it must not depend on anything but its captures and the
    /// database: ids, time and chance are made before it. `name` says in logs and metrics what it is.
    ///
    /// When the returned future is dropped, a job that still waits is skipped; one that has begun is
    /// finished and counts.
    ///
    /// # Errors
    /// What the job returns, or why the database could not run it.
    pub async fn write<T, E, F>(&self, name: &'static str, job: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, reply) = job::boxed(name, true, job);
        self.run(&self.0.write, job, reply).await
    }

    /// Runs a job that looks whether a row is there before it makes it, as [`Db::write`] does. Another may
    /// make the row in between, which only the schema sees: then the job runs again and finds it.
    ///
    /// # Errors
    /// What the job returns, a race only when it met one each time, or why the database could not run it.
    pub async fn write_again<T, E, F>(&self, name: &'static str, job: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Race + Send + 'static,
    {
        let job = Arc::new(job);
        for _ in 1..ATTEMPTS {
            let again = Arc::clone(&job);
            match self.write(name, move |tx| again(tx)).await {
                Err(error) if error.is_race() => {}
                settled => return settled,
            }
        }
        self.write(name, move |tx| job(tx)).await
    }

    /// Runs a job that only reads, all of it from one snapshot. Long reads do not hold up writers.
    ///
    /// # Errors
    /// What the job returns, or why the database could not run it.
    pub async fn read<T, E, F>(&self, name: &'static str, job: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, reply) = job::boxed(name, true, job);
        self.run(&self.0.read, job, reply).await
    }

    /// Runs a job that reads a few rows by their keys, as [`Db::read`] does. On an embedded database it
    /// runs at once, on the thread of whoever asks; so a job that may read many rows must not come
    /// this way, for everything else on that thread waits meanwhile.
    ///
    /// # Errors
    /// What the job returns, or why the database could not run it.
    pub async fn lookup<T, E, F>(&self, name: &'static str, job: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (mut job, mut reply) = job::boxed(name, true, job);
        if let Backend::Sqlite(_, _, lookups) = &self.0.backend {
            match lookups.run(&self.0.read, job) {
                Some(given_back) => job = given_back,
                None => return reply.try_recv().unwrap_or_else(|_| Err(E::from(closed()))),
            }
        }
        self.run(&self.0.read, job, reply).await
    }

    async fn run<T, E: From<DbError>>(
        &self,
        lane: &Arc<Lane>,
        job: Box<dyn Job>,
        mut reply: oneshot::Receiver<Result<T, E>>,
    ) -> Result<T, E> {
        if let Backend::Inline(inline) = &self.0.backend {
            inline.run(lane, job);
            return reply.try_recv().unwrap_or_else(|_| Err(E::from(closed())));
        }
        if let Backend::Simulated(mount) = &self.0.backend {
            mount.run(lane, job).await?;
        } else {
            lane.submit(job)?;
        }
        reply.await.unwrap_or_else(|_| Err(E::from(closed())))
    }

    /// Runs a job of a migration, which has all the time it needs and the engine's locks for DDL.
    pub(crate) async fn alone<T, E, F>(&self, name: &'static str, job: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, mut reply) = job::boxed(name, false, job);
        if let Backend::Simulated(mount) = &self.0.backend {
            mount.run_alone(&self.0.write, job);
            return reply.try_recv().unwrap_or_else(|_| Err(E::from(closed())));
        }
        let Backend::Server(_, server) = &self.0.backend else {
            return self.run(&self.0.write, job, reply).await;
        };
        let mut worker = Worker::new(&self.0.write, server, 0);
        let thread = spawn("migrate", move || worker.run(job))
            .map_err(|error| E::from(DbError::Unavailable(error.to_string())))?;
        let answer = reply.await.unwrap_or_else(|_| Err(E::from(closed())));
        // It has answered, so it ends now.
        let _ = thread.join();
        answer
    }

    /// Brings the tables of `set` up to what the program knows. Safe when several processes do so
    /// at once; costs one short read when there is nothing to do.
    ///
    /// # Errors
    /// When the stored schema is newer or other than the program's, or a migration fails.
    pub async fn migrate(&self, set: &MigrationSet) -> Result<(), MigrateError> {
        migrate::run(self, set).await
    }

    /// Brings the tables of all `sets` up to what the program knows, in a database that holds no others;
    /// the first set is what the database is there for.
    ///
    /// # Errors
    /// As [`Db::migrate`], and when there is anything else in it.
    pub async fn migrate_all(&self, sets: &[MigrationSet]) -> Result<(), MigrateError> {
        migrate::run_all(self, sets).await
    }

    /// The number of the installation that the database belongs to, once it was given one.
    ///
    /// # Errors
    /// When it cannot be read, or was never migrated as a whole.
    pub async fn owner(&self) -> Result<Option<i64>, DbError> {
        owner::of(self).await
    }

    /// Gives the database the number of its installation, unless it bears one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn give_owner(&self, owner: i64) -> Result<(), DbError> {
        owner::give(self, owner).await
    }

    /// Looks through the whole file for damage, on a connection of its own beside all jobs, as long as the
    /// returned future lives. What it finds is told by [`Db::damage`]. There is nothing to look through
    /// where a small file was when it was opened, nor on a server, which looks after its own files.
    ///
    /// # Errors
    /// When it is damaged, or cannot be read.
    pub async fn look_through(&self) -> Result<(), DbError> {
        let Backend::Sqlite(_, path, lookups) = &self.0.backend else { return Ok(()) };
        if sqlite::is_small(path) {
            return Ok(());
        }
        let found = lookups.look_through().await;
        if let Err(DbError::Corrupt(reason)) = &found {
            self.0.damage.report(reason);
        }
        found
    }

    /// What is damaged, once a job or [`Db::look_through`] has found it.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.0.damage.found()
    }

    /// The kind of database.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    /// The name of the file or database, as in metrics and logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The file that it is in, where it is in one that its own threads read and write.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.0.backend {
            Backend::Sqlite(_, path, _) => Some(path),
            Backend::Inline(_) | Backend::Simulated(_) | Backend::Server(..) => None,
        }
    }

    /// How it was opened.
    #[must_use]
    pub fn options(&self) -> &DbOptions {
        &self.0.options
    }

    /// Notified after each commit of a transaction that called [`Tx::notify_committed`]: one waiting
    /// listener is woken, and when none waits, the next one does not have to.
    #[must_use]
    pub fn committed(&self) -> Arc<Notify> {
        Arc::clone(&self.0.committed.woken)
    }

    /// How many commits there were, in this process, of transactions that called
    /// [`Tx::notify_committed`]. Counted before any of them is answered: what was read before the
    /// count rose may be out of date, also where the caller of a write has gone meanwhile.
    #[must_use]
    pub fn commits_told(&self) -> u64 {
        self.0.committed.count()
    }

    /// What it did since it was opened.
    #[must_use]
    pub fn stats(&self) -> DbStats {
        DbStats { read: self.0.read.stats(), write: self.0.write.stats() }
    }

    /// Takes no new jobs, finishes those that wait, and ends the threads. For all clones.
    pub async fn close(&self) {
        self.0.close();
        match &self.0.backend {
            Backend::Inline(inline) => inline.close(),
            Backend::Simulated(_) => {}
            Backend::Sqlite(threads, ..) | Backend::Server(threads, _) => threads.ended().await,
        }
    }
}

impl Inner {
    fn close(&self) {
        self.write.close();
        self.read.close();
        if let Backend::Sqlite(_, _, lookups) = &self.backend {
            lookups.close();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

struct Lanes {
    read: Arc<Lane>,
    write: Arc<Lane>,
}

fn closed() -> DbError {
    DbError::Unavailable("it was closed, or its driver failed".to_owned())
}

/// Connects once, so that what is wrong is told when the database is opened.
async fn probe(server: &Arc<dyn Server>) -> Result<(), OpenError> {
    let (sender, receiver) = oneshot::channel();
    let server = Arc::clone(server);
    let thread = spawn("connect", move || {
        // Whoever opens may have gone.
        let _ = sender.send(server.connect(Purpose::Jobs(Kind::Write)).map(drop));
    })
    .map_err(|error| OpenError::Thread(error.to_string()))?;
    let connected = receiver.await.map_err(|_| OpenError::Thread("it ended at once".into()));
    let _ = thread.join();
    connected?
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(format!("db-{name}")).spawn(run)
}

/// The threads of a database.
struct Threads {
    handles: Mutex<Vec<JoinHandle<()>>>,
    /// Held by each thread while it lives.
    alive: Option<mpsc::Sender<()>>,
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

impl Threads {
    fn new() -> Self {
        let (alive, ended) = mpsc::channel(1);
        Self { handles: Mutex::default(), alive: Some(alive), ended: ended.into() }
    }

    fn start(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let alive = self.alive.clone();
        let handle = spawn(name, move || {
            let _alive = alive;
            run();
        })
        .map_err(|error| OpenError::Thread(error.to_string()))?;
        self.handles.get_mut().unwrap_or_else(PoisonError::into_inner).push(handle);
        Ok(())
    }

    /// All have been started: from now on only they themselves hold `alive`.
    fn complete(mut self) -> Self {
        self.alive = None;
        self
    }

    async fn ended(&self) {
        let mut ended = self.ended.lock().await;
        while ended.recv().await.is_some() {}
        let handles =
            std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        for handle in handles {
            // All have ended; one that panicked has told so itself.
            let _ = handle.join();
        }
    }
}
