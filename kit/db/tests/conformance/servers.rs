//! Connections to servers come and go.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use techtrove_db::{Db, DbError, DbOptions, LaneStats, OpenError, Sql, p, testing::TestDb};

use crate::{
    add, is_server, on_each_engine,
    proxy::{Cut, Proxy},
    stock,
};

async fn on_each_server(test: impl AsyncFn(&TestDb)) {
    on_each_engine(async |db| {
        if is_server(db) {
            test(db).await;
        }
    })
    .await;
}

/// Ends all other connections to this database.
async fn kill_others(db: &Db) {
    const OTHERS: Sql = Sql::new(
        "SELECT CAST(pid AS BIGINT), pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .mysql(
        "SELECT id FROM information_schema.processlist \
         WHERE db = DATABASE() AND id <> CONNECTION_ID()",
    );
    let killed: Result<(), DbError> = db
        .write("kill", |tx| {
            let others = tx.query(OTHERS, p![], |row| row.get::<i64>(0))?;
            if tx.engine() == techtrove_db::Engine::Mysql {
                for id in others {
                    tx.execute("KILL ?", p![id])?;
                }
            }
            Ok(())
        })
        .await;
    killed.expect("killed");
}

/// The same database, by a client of its own with one thread.
async fn client(url: &str) -> Db {
    let options = DbOptions { workers: 1, readers: 1, ..DbOptions::default() };
    Db::open(url, options).await.expect("opened")
}

#[tokio::test]
async fn a_killed_connection_is_made_anew() {
    on_each_server(async |db| {
        let ours = client(db.url()).await;
        add(&ours, "a", 1).await.expect("added");
        assert_eq!(stock(&ours).await.len(), 1);

        kill_others(db).await;

        add(&ours, "b", 1).await.expect("the job runs again on a new connection");
        assert_eq!(stock(&ours).await.len(), 2);
        let LaneStats { retries, connections, connects, .. } = ours.stats().write;
        assert!(retries > 0);
        assert_eq!((connections, connects), (1, 2));
        ours.close().await;
        assert_eq!(ours.stats().write.connections, 0);
    })
    .await;
}

#[tokio::test]
async fn a_connection_killed_in_the_middle_runs_the_job_again() {
    on_each_server(async |db| {
        let (ours, attempts) = (client(db.url()).await, Arc::new(AtomicU32::new(0)));
        let (started, mut has_started) = tokio::sync::mpsc::channel(1);
        let (go, may_go) = std::sync::mpsc::sync_channel(1);
        let (writer, counted, may_go) =
            (ours.clone(), Arc::clone(&attempts), std::sync::Mutex::new(may_go));
        let work = tokio::spawn(async move {
            writer
                .write("killed", move |tx| {
                    tx.execute("INSERT INTO stock (sku, quantity) VALUES ('a', 1)", p![])?;
                    if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                        started.try_send(()).expect("somebody waits");
                        may_go.lock().expect("no panic").recv().expect("let go");
                    }
                    tx.execute("INSERT INTO stock (sku, quantity) VALUES ('b', 1)", p![])
                })
                .await
        });
        has_started.recv().await.expect("it starts");
        kill_others(db).await;
        go.send(()).expect("it waits");

        assert_eq!(work.await.expect("joined"), Ok::<_, DbError>(1));
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
        assert_eq!(stock(&ours).await.len(), 2);
        ours.close().await;
    })
    .await;
}

/// The URL with another port, and where the server is.
fn through(url: &str, port: impl FnOnce(SocketAddr) -> u16) -> String {
    let (before, rest) = url.split_once('@').expect("a user");
    let (address, rest) = rest.split_once('/').expect("a database");
    let port = port(address.parse().expect("an address with a port"));
    format!("{before}@127.0.0.1:{port}/{rest}")
}

#[tokio::test]
async fn a_commit_that_is_not_answered_is_unknown_and_never_repeated() {
    on_each_server(async |db| {
        for (cut, sku, stored) in
            [(Cut::AfterCommit, "stored", true), (Cut::BeforeCommit, "lost", false)]
        {
            let mut proxy = None;
            let url = through(db.url(), |server| proxy.insert(Proxy::start(server)).port);
            let (ours, attempts) = (client(&url).await, Arc::new(AtomicU32::new(0)));
            let counted = Arc::clone(&attempts);
            add(&ours, if stored { "first" } else { "second" }, 1).await.expect("connected");
            proxy.expect("started").cut(cut);

            let unknown: Result<(), DbError> = ours
                .write("unknown", move |tx| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    tx.execute("INSERT INTO stock (sku, quantity) VALUES (?, 1)", p![sku])?;
                    tx.notify_committed();
                    Ok(())
                })
                .await;

            assert!(matches!(unknown, Err(DbError::UnknownCommit(_))), "{cut:?}: {unknown:?}");
            assert_eq!(attempts.load(Ordering::SeqCst), 1);
            assert_eq!(stock(db).await.iter().any(|(found, _)| found == sku), stored, "{cut:?}");
            assert_eq!(ours.stats().write.unknown_commits, 1);
            add(&ours, if stored { "third" } else { "fourth" }, 1).await.expect("it goes on");
            ours.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_way_cut_before_the_commit_costs_only_another_attempt() {
    on_each_server(async |db| {
        let mut proxy = None;
        let url = through(db.url(), |server| proxy.insert(Proxy::start(server)).port);
        let ours = client(&url).await;
        add(&ours, "a", 1).await.expect("connected");
        let proxy = proxy.expect("started");

        proxy.cut(Cut::Now);
        add(&ours, "b", 1).await.expect("it runs again");
        assert_eq!(stock(&ours).await.len(), 2);
        proxy.cut(Cut::Now);
        assert_eq!(stock(&ours).await.len(), 2, "reading too");
        ours.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_away_or_refuses_is_told_in_one_sentence_without_the_password() {
    on_each_server(async |db| {
        let options = DbOptions { connect_timeout: Duration::from_secs(2), ..DbOptions::default() };
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = closed.local_addr().expect("an address").port();
        drop(closed);
        let away = through(db.url(), |_| port);
        let (scheme, rest) = db.url().split_once("://").expect("a URL");
        let (_, place) = rest.split_once('@').expect("a user");
        let stranger = format!("{scheme}://techtrove:wrong-secret@{place}");
        let nowhere = format!("{}_nowhere", db.url());
        let tls = format!("{}?sslmode=require", db.url());

        let away = Db::open(&away, options.clone()).await.expect_err("nobody listens");
        let refused = Db::open(&stranger, options.clone()).await.expect_err("a wrong password");
        let nowhere = Db::open(&nowhere, options.clone()).await.expect_err("no such database");
        let tls = Db::open(&tls, options).await.expect_err("no TLS there");

        assert!(matches!(away, OpenError::Unreachable { .. }), "{away:?}");
        assert!(matches!(refused, OpenError::Refused { .. }), "{refused:?}");
        assert!(matches!(nowhere, OpenError::Refused { .. }), "{nowhere:?}");
        assert!(matches!(tls, OpenError::Tls { .. }), "{tls:?}");
        for error in [away, refused, nowhere, tls] {
            let text = error.to_string();
            assert!(!text.contains("secret") && text.contains("127.0.0.1"), "{text}");
        }
    })
    .await;
}

/// Whether this connection is encrypted.
const ENCRYPTED: Sql = Sql::new("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").mysql(
    "SELECT variable_value <> '' FROM information_schema.session_status \
     WHERE variable_name = 'Ssl_cipher'",
);

#[tokio::test]
async fn tls_is_used_when_asked_for_and_strangers_are_refused() {
    #[expect(clippy::disallowed_methods, reason = "where the test servers' certificate is")]
    let Ok(certificate) = std::env::var("TECHTROVE_TEST_CERTIFICATE") else {
        eprintln!("SKIPPED: TLS (run cargo xtask servers up)");
        return;
    };
    on_each_server(async |db| {
        let encrypted = async |query: &str| -> Result<bool, OpenError> {
            let db = Db::open(&format!("{}?{query}", db.url()), DbOptions::default()).await?;
            let read = db
                .read("look", |tx| tx.query_one(ENCRYPTED, p![], |row| row.get(0)))
                .await
                .unwrap_or_else(|error: DbError| panic!("{error}"));
            db.close().await;
            Ok(read)
        };

        let trusted = encrypted(&format!("sslmode=require&sslrootcert={certificate}")).await;
        let stranger = encrypted("sslmode=require").await;
        let plain = encrypted("sslmode=disable").await;

        assert_eq!(trusted, Ok(true));
        assert!(matches!(stranger, Err(OpenError::Tls { .. })), "{stranger:?}");
        assert_eq!(plain, Ok(false));
    })
    .await;
}
