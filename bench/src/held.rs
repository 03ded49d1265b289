//! Connections that stay open: what each costs the program in memory. Raw sockets, so that the other
//! end costs next to nothing.

use anyhow::{Context, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::shop::Shop;

/// Connections whose answers have begun.
pub struct Held(Vec<TcpStream>);

impl Held {
    /// Opens `count` connections, sends `GET path` with these headers on each, and waits until every
    /// answer has begun with 200. They stay open until this is dropped.
    ///
    /// # Errors
    /// When a connection or an answer fails, or this process may not have so many open files.
    pub async fn open(
        port: u16,
        path: &str,
        headers: &[(&str, &str)],
        count: usize,
    ) -> anyhow::Result<Self> {
        allow_files(count)?;
        let lines: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}\r\n");
        let mut streams = Vec::with_capacity(count);
        for number in 0..count {
            let opened = begin(port, request.as_bytes()).await;
            streams.push(opened.with_context(|| format!("connection {number} to {path}"))?);
        }
        Ok(Self(streams))
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

async fn begin(port: u16, request: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(request).await?;
    let mut head = [0; 1_024];
    let read = stream.read(&mut head).await?;
    let begin = head.get(..read.min(12)).unwrap_or_default();
    ensure!(begin == b"HTTP/1.1 200", "answered {:?}", String::from_utf8_lossy(begin));
    Ok(stream)
}

/// How many MiB more the shop has while so many connections to `path` are open.
///
/// # Errors
/// As [`Held::open`], and when the shop has ended.
pub async fn cost_mib(
    shop: &Shop,
    path: &str,
    headers: &[(&str, &str)],
    count: usize,
) -> anyhow::Result<f64> {
    let before = shop.memory_mib()?;
    let held = Held::open(shop.port(), path, headers, count).await?;
    let after = shop.memory_mib()?;
    ensure!(held.count() == count, "only {} are open", held.count());
    Ok((after - before).max(0.0))
}

/// Lets this process open `count` files and some more.
///
/// # Errors
/// When it may not.
pub fn allow_files(count: usize) -> anyhow::Result<()> {
    let wanted = u64::try_from(count)? + 256;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let more = Rlimit { current: Some(wanted), ..limit };
    setrlimit(Resource::Nofile, more)
        .with_context(|| format!("{wanted} open files are needed; raise `ulimit -n`"))
}
