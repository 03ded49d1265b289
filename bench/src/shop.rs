//! The release program as a process: started, watched, asked for its metrics, and stopped.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use hyper::StatusCode;
use serde::Deserialize;

use crate::{load::Connection, purchases};

/// How long the shop may take to become ready or quiet before the run is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running shop.
pub struct Shop {
    process: Child,
    port: u16,
    ready_after: Duration,
}

impl Shop {
    /// Starts the program on a folder and waits until it is ready.
    ///
    /// # Errors
    /// When it ends or does not become ready.
    pub async fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let begun = Instant::now();
        let mut process = Command::new(program)
            .args(["up", "--no-demo", "--data"])
            .arg(folder)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("TECHTROVE_RATE_LIMIT", "1000000")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        loop {
            if let Some(status) = process.try_wait()? {
                bail!("the program ended with {status} before it was ready");
            }
            if is_ready(port).await {
                return Ok(Self { process, port, ready_after: begun.elapsed() });
            }
            ensure!(begun.elapsed() < PATIENCE, "the program did not become ready");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Milliseconds from start to ready.
    pub fn ready_after_ms(&self) -> f64 {
        self.ready_after.as_secs_f64() * 1e3
    }

    /// Makes an administrator with the program's own command, and signs them in: their access token.
    ///
    /// # Errors
    /// When the command fails, or signing in.
    pub async fn create_admin(&self, program: &Path, folder: &Path) -> anyhow::Result<String> {
        let mut command = Command::new(program)
            .args(["admin", "create", "--email", "admin@example.com", "--data"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut input = command.stdin.take().context("the command has an input")?;
        writeln!(input, "a benchmark's secret")?;
        drop(input);
        let status = command.wait()?;
        ensure!(status.success(), "techtrove admin create ended with {status}");
        self.sign_in().await
    }

    async fn sign_in(&self) -> anyhow::Result<String> {
        #[derive(Deserialize)]
        struct Tokens {
            access_token: String,
        }
        let account = r#"{"email":"admin@example.com","password":"a benchmark's secret"}"#;
        let mut connection = Connection::open(self.port).await?;
        let (status, answer) =
            purchases::post(&mut connection, "/api/v1/auth/login", None, account.to_owned())
                .await?;
        ensure!(status == StatusCode::OK, "signing in was refused with {status}");
        Ok(serde_json::from_slice::<Tokens>(&answer)?.access_token)
    }

    /// Resident memory in MiB.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn memory_mib(&self) -> anyhow::Result<f64> {
        memory_mib(self.process.id()).context("reading the program's memory")
    }

    /// Notes the largest resident memory until the watch is read.
    pub fn watch_memory(&self) -> MemoryWatch {
        let (peak, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, stopped, process) = (Arc::clone(&peak), Arc::clone(&stop), self.process.id());
        tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let now = memory_mib(process).unwrap_or(0.0);
                seen.fetch_max((now * 1024.0) as u64, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        MemoryWatch { peak_kib: peak, stop }
    }

    /// How many order events notifications has taken, each with its mail in the same transaction.
    ///
    /// # Errors
    /// When the metrics cannot be read.
    pub async fn mails(&self) -> anyhow::Result<u64> {
        Ok(self.metric("events_handled_total{consumer=\"notifications.orders\"}").await? as u64)
    }

    /// Waits until so many mails are written.
    ///
    /// # Errors
    /// When they are not after two minutes.
    pub async fn wait_for_mails(&self, wanted: u64) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let written = self.mails().await?;
            if written >= wanted {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "only {written} of {wanted} mails are written");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until no event is unpublished.
    ///
    /// # Errors
    /// When there are still some after two minutes.
    pub async fn wait_until_quiet(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let backlog = self.metric("events_unpublished").await?;
            if backlog == 0.0 {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "{backlog} events are still unpublished");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until every order has come to its end, its money captured.
    ///
    /// # Errors
    /// When some have not after two minutes.
    pub async fn wait_until_settled(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let open = self.metric("orders_open_sagas").await?;
            if open == 0.0 {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "{open} orders are still open");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The sum of a metric over its labels.
    async fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let text = Connection::open(self.port).await?.get("/metrics").await?;
        let text = String::from_utf8(text.to_vec())?;
        let ours = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']))
        });
        let values = ours.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(values.sum())
    }

    /// Asks it to stop, as Ctrl-C does, and waits for a clean end.
    ///
    /// # Errors
    /// When it does not end with 0.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let process = self.process.id().to_string();
        Command::new("kill").args(["-INT", &process]).status()?;
        let status = tokio::task::spawn_blocking(move || self.process.wait()).await??;
        ensure!(status.success(), "the program ended with {status}");
        Ok(())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Ended already, unless the run was given up.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The largest memory seen.
pub struct MemoryWatch {
    peak_kib: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl MemoryWatch {
    /// Ends the watch.
    pub fn peak_mib(&self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.peak_kib.load(Ordering::Relaxed) as f64 / 1024.0
    }
}

async fn is_ready(port: u16) -> bool {
    match Connection::open(port).await {
        Ok(mut connection) => connection.get("/readyz").await.is_ok(),
        Err(_) => false,
    }
}

fn memory_mib(process: u32) -> Option<f64> {
    memory(process, "VmRSS:")
}

/// The largest resident memory that a process ever had, in MiB; none once it has ended.
pub fn peak_memory_mib(process: u32) -> Option<f64> {
    memory(process, "VmHWM:")
}

fn memory(process: u32, which: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(which))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024.0)
}
