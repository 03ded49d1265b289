//! The order in which everything ends: first no new requests, then those that run are finished, then
//! the workers stop, and the databases are closed last. Each step has its share of time, so that the
//! process ends even when one of them does not.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use axum::Router;
use futures::future::join_all;
use techtrove_db::Db;
use techtrove_http::server::{self, Listen};
use tokio::{task::JoinSet, time::timeout};

use crate::{Shutdown, Worker};

/// How long workers may take to stop.
const WORKERS_STOP: Duration = Duration::from_secs(10);

/// How long the databases may take to finish what they began.
const DATABASES_CLOSE: Duration = Duration::from_secs(10);

type Serving = Pin<Box<dyn Future<Output = usize> + Send>>;

/// Everything that runs in one process, and its end.
#[derive(Default)]
pub struct Lifecycle {
    listening: Shutdown,
    drain: Duration,
    servers: Vec<(&'static str, Serving)>,
    workers: Vec<Worker>,
    databases: Vec<Db>,
}

impl Lifecycle {
    /// Nothing yet; in the end requests have `drain` to finish.
    #[must_use]
    pub fn new(drain: Duration) -> Self {
        Self { drain, ..Self::default() }
    }

    /// Answers connections of `listener` by `router`; `name` is for the log.
    pub fn listen<L: Listen>(&mut self, name: &'static str, listener: L, router: Router) {
        let serving = server::serve(listener, router, self.listening.token(), self.drain);
        self.servers.push((name, Box::pin(serving)));
    }

    /// Supervises these workers.
    pub fn work(&mut self, workers: impl IntoIterator<Item = Worker>) {
        self.workers.extend(workers);
    }

    /// Closes these databases in the end.
    pub fn close(&mut self, databases: impl IntoIterator<Item = Db>) {
        self.databases.extend(databases);
    }

    /// Runs until `shutdown` begins and everything has ended.
    pub async fn run(self, shutdown: Shutdown) {
        let working = Shutdown::new();
        let workers = supervise(self.workers, &working);
        let mut servers = JoinSet::new();
        for (name, serving) in self.servers {
            servers.spawn(async move { (name, serving.await) });
        }
        shutdown.begun().await;
        tracing::info!("ending: finishing requests; a second Ctrl-C ends at once");
        self.listening.begin();
        while let Some(ended) = servers.join_next().await {
            report_server(ended);
        }
        working.begin();
        stop(workers).await;
        close(self.databases).await;
        tracing::info!("ended");
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.servers.iter().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("Lifecycle");
        shown.field("servers", &servers).field("workers", &self.workers).finish_non_exhaustive()
    }
}

fn supervise(workers: Vec<Worker>, working: &Shutdown) -> JoinSet<&'static str> {
    let mut tasks = JoinSet::new();
    for worker in workers {
        let (name, working) = (worker.name(), working.clone());
        tasks.spawn(async move {
            worker.supervise(working).await;
            name
        });
    }
    tasks
}

fn report_server(ended: Result<(&'static str, usize), tokio::task::JoinError>) {
    match ended {
        Ok((_, 0)) => {}
        Ok((server, cut)) => tracing::warn!(server, cut, "connections were cut off"),
        Err(error) => tracing::error!(%error, "a server failed"),
    }
}

async fn stop(mut workers: JoinSet<&'static str>) {
    let all = async { while workers.join_next().await.is_some() {} };
    if timeout(WORKERS_STOP, all).await.is_err() {
        tracing::warn!(left = workers.len(), "workers did not stop in time");
        workers.shutdown().await;
    }
}

async fn close(databases: Vec<Db>) {
    let all = join_all(databases.iter().map(Db::close));
    if timeout(DATABASES_CLOSE, all).await.is_err() {
        tracing::warn!("the databases did not close in time; what was answered is safe");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        sync::Notify,
    };

    use super::*;

    /// A request that is answered only after the end has begun is finished before workers stop.
    #[tokio::test]
    async fn requests_end_before_workers() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let (arrived, shutdown) = (Arc::new(Notify::new()), Shutdown::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut lifecycle = Lifecycle::new(Duration::from_secs(5));
        lifecycle.listen("test", listener, slow_router(&order, &arrived, &shutdown));
        lifecycle.work([noting_worker(&order)]);
        let running = tokio::spawn(lifecycle.run(shutdown.clone()));

        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
        arrived.notified().await;
        shutdown.begin();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        running.await.expect("no panic");

        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(*order.lock().expect("not poisoned"), ["request", "worker"]);
    }

    fn slow_router(
        order: &Arc<Mutex<Vec<&'static str>>>,
        arrived: &Arc<Notify>,
        shutdown: &Shutdown,
    ) -> Router {
        let (order, arrived, shutdown) = (Arc::clone(order), Arc::clone(arrived), shutdown.clone());
        Router::new().route(
            "/",
            get(async move || {
                arrived.notify_one();
                shutdown.begun().await;
                tokio::task::yield_now().await;
                order.lock().expect("not poisoned").push("request");
            }),
        )
    }

    fn noting_worker(order: &Arc<Mutex<Vec<&'static str>>>) -> Worker {
        let order = Arc::clone(order);
        Worker::new("noting", move |shutdown: Shutdown| {
            let order = Arc::clone(&order);
            async move {
                shutdown.begun().await;
                order.lock().expect("not poisoned").push("worker");
            }
        })
    }
}
