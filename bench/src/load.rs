//! A closed-loop load: so many connections, each sending its next request when the last is answered.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// One kept-alive connection.
pub struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    /// Connects to a port of this machine.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("connecting")?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        self.0.ready().await?;
        let response: Response<_> = self.0.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    /// Gets a path and expects 200.
    ///
    /// # Errors
    /// When the connection breaks or the answer is another.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Bytes> {
        let request = Request::get(path).header("host", "127.0.0.1").body(Full::default())?;
        match self.send(request).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, body) => bail!("GET {path}: {status} {}", String::from_utf8_lossy(&body)),
        }
    }
}

/// What a load measured.
#[derive(Debug)]
pub struct Load {
    latencies: Vec<Duration>,
    lasted: Duration,
}

impl Load {
    /// What took so long, one after the other.
    pub fn new(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let lasted = latencies.iter().sum();
        Self { latencies, lasted }
    }

    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.lasted.as_secs_f64()
    }

    /// How many requests.
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// How long it lasted.
    pub fn lasted(&self) -> Duration {
        self.lasted
    }

    /// The latency that so many percent do not exceed, in milliseconds.
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let place = (last as f64 * percent / 100.0).round() as usize;
        self.latencies.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// Runs `step` over and over on so many connections to `port`; it gets the connection's number and how
/// often it was called.
///
/// # Errors
/// When a connection or a step fails.
pub async fn run<F, Fut>(
    port: u16,
    connections: usize,
    lasting: Duration,
    step: F,
) -> anyhow::Result<Load>
where
    F: Fn(Connection, usize, u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = anyhow::Result<Connection>> + Send,
{
    let step = Arc::new(step);
    let start = Instant::now();
    let mut tasks = Vec::with_capacity(connections);
    for number in 0..connections {
        let (step, mut connection) = (Arc::clone(&step), Connection::open(port).await?);
        tasks.push(tokio::spawn(async move {
            let mut latencies = Vec::new();
            while start.elapsed() < lasting {
                let begun = Instant::now();
                connection = step(connection, number, latencies.len() as u64).await?;
                latencies.push(begun.elapsed());
            }
            anyhow::Ok(latencies)
        }));
    }
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let lasted = start.elapsed();
    Ok(Load { lasted, ..Load::new(latencies) })
}
