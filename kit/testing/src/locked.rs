//! A database file that another process has locked. Here that is a second database on the same file.

use std::sync::{Mutex, mpsc::SyncSender};

use techtrove_db::{Db, DbError, DbOptions};
use tokio::task::JoinHandle;

/// A SQLite file on which somebody else has a transaction open that writes.
#[derive(Debug)]
pub struct Locked {
    db: Db,
    go: SyncSender<()>,
    holding: JoinHandle<Result<(), DbError>>,
}

impl Locked {
    /// Locks the file of this URL, such as `sqlite:shop/orders.db`.
    ///
    /// # Panics
    /// When it cannot be opened, or others have locked it for too long.
    pub async fn file(url: &str) -> Self {
        let db = Db::open(url, DbOptions::default()).await.expect("opened");
        let (go, may_go) = std::sync::mpsc::sync_channel(1);
        let (holds, mut held) = tokio::sync::mpsc::channel(1);
        let (holder, may_go) = (db.clone(), Mutex::new(may_go));
        let holding = tokio::spawn(async move {
            let hold = holder.write("hold", move |_| {
                holds.try_send(()).expect("somebody waits");
                may_go.lock().expect("no panic").recv().expect("let go");
                Ok(())
            });
            hold.await
        });
        held.recv().await.expect("it is locked");
        Self { db, go, holding }
    }

    /// Ends the transaction, which has written nothing.
    ///
    /// # Panics
    /// When it has ended otherwise.
    pub async fn let_go(self) {
        self.go.send(()).expect("it waits");
        self.holding.await.expect("joined").expect("ended");
        self.db.close().await;
    }
}
