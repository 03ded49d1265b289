//! A simulated disk: what is on it when its host goes down, and what is not.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use techtrove_db::{Db, DbError, DbOptions, Device, Disk, Migration, MigrationSet, p};
use tokio::time::timeout;

const SCHEMA: MigrationSet = MigrationSet {
    name: "simulated",
    migrations: &[Migration {
        version: 1,
        name: "notes",
        sqlite: "CREATE TABLE notes (note TEXT NOT NULL PRIMARY KEY);",
        postgres: "",
        mysql: "",
    }],
};

/// When the host goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crash {
    Never,
    Before,
    After,
}

#[derive(Debug)]
struct Host {
    up: AtomicBool,
    crash: Mutex<Crash>,
    committed: Mutex<Vec<Vec<&'static str>>>,
}

impl Host {
    fn new(crash: Crash) -> Arc<Self> {
        let (up, crash) = (AtomicBool::new(true), Mutex::new(crash));
        Arc::new(Self { up, crash, committed: Mutex::default() })
    }

    fn down_if(&self, when: Crash) {
        if *self.crash.lock().expect("not poisoned") == when {
            self.up.store(false, SeqCst);
        }
    }
}

impl Device for Host {
    fn is_up(&self) -> bool {
        self.up.load(SeqCst)
    }

    fn sync_time(&self) -> Duration {
        Duration::from_millis(3)
    }

    fn committing(&self, _: &[&'static str]) {
        self.down_if(Crash::Before);
    }

    fn committed(&self, jobs: &[&'static str]) {
        self.committed.lock().expect("not poisoned").push(jobs.to_vec());
        self.down_if(Crash::After);
    }
}

async fn mounted(disk: &Disk, host: &Arc<Host>) -> Db {
    let device: Arc<dyn Device> = Arc::clone(host) as _;
    let (db, writer) = disk.mount("notes", DbOptions::default(), device).expect("mounted");
    tokio::spawn(writer.run());
    db.migrate(&SCHEMA).await.expect("the table is made");
    db
}

fn write(db: &Db, note: &'static str) -> impl Future<Output = Result<u64, DbError>> + use<> {
    let db = db.clone();
    async move {
        db.write("note", move |tx| tx.execute("INSERT INTO notes (note) VALUES (?)", p![note]))
            .await
    }
}

async fn notes(db: &Db) -> Vec<String> {
    let all = db.read("notes", |tx| {
        tx.query("SELECT note FROM notes ORDER BY note", [], |row| row.get::<String>(0))
    });
    all.await.map_err(|error: DbError| error).expect("read")
}

fn look(disk: &Disk) -> Db {
    disk.look("notes", DbOptions::default()).expect("there")
}

#[tokio::test(start_paused = true)]
async fn jobs_that_come_while_the_disk_works_share_the_next_commit() {
    let (disk, host) = (Disk::in_memory().expect("a disk"), Host::new(Crash::Never));
    let db = mounted(&disk, &host).await;

    let (one, two, again) = tokio::join!(write(&db, "one"), write(&db, "two"), write(&db, "one"));

    assert_eq!((one, two), (Ok(1), Ok(1)));
    assert!(matches!(again, Err(DbError::UniqueViolation { .. })), "{again:?}");
    assert_eq!(notes(&db).await, ["one", "two"]);
    assert_eq!(*host.committed.lock().expect("not poisoned"), [["note", "note", "note"]]);
}

#[tokio::test(start_paused = true)]
async fn what_the_host_did_not_live_to_commit_is_gone_and_the_rest_is_there() {
    for (crash, left) in [(Crash::Before, vec!["kept"]), (Crash::After, vec!["kept", "last"])] {
        let (disk, host) = (Disk::in_memory().expect("a disk"), Host::new(Crash::Never));
        let db = mounted(&disk, &host).await;
        write(&db, "kept").await.expect("written");
        *host.crash.lock().expect("not poisoned") = crash;

        let answer = timeout(Duration::from_secs(60), write(&db, "last")).await;
        let after = timeout(Duration::from_secs(60), write(&db, "never")).await;

        // After the commit the answer is on its way within the host, which nobody sees any more.
        assert_eq!(answer.is_err(), crash == Crash::Before, "{answer:?}");
        assert!(after.is_err(), "a host that is down neither writes nor answers");
        assert_eq!(notes(&look(&disk)).await, left);
        let next = mounted(&disk, &Host::new(Crash::Never)).await;
        assert_eq!(write(&next, "next").await, Ok(1));
    }
}
