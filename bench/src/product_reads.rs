//! Reads through the gateway, beside the bare server with the same bytes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    load,
    load::{Connection, Load},
    shop::Shop,
};

const CONNECTIONS: usize = 16;

/// Reads per second, ours and the bare server's.
#[derive(Debug)]
pub struct Reads {
    pub ours: Load,
    pub limit: f64,
}

/// Measures both, one after the other, the bare server before and after ours.
///
/// # Errors
/// When a server does not answer.
pub async fn measure(shop: &Shop, paths: Vec<String>, lasting: Duration) -> anyhow::Result<Reads> {
    let sample = paths.first().context("nothing is read")?;
    let sample = Connection::open(shop.port()).await?.get(sample).await?;
    let limit = LimitServer::start(&sample)?;
    let paths: Arc<[String]> = paths.into();
    let before = read(limit.port, &paths, lasting / 2).await?.rate();
    let ours = read(shop.port(), &paths, lasting).await?;
    let after = read(limit.port, &paths, lasting / 2).await?.rate();
    Ok(Reads { ours, limit: (before + after) / 2.0 })
}

async fn read(port: u16, paths: &Arc<[String]>, lasting: Duration) -> anyhow::Result<Load> {
    let paths = Arc::clone(paths);
    load::run(port, CONNECTIONS, lasting, move |mut connection, number, count| {
        let mut random = ChaCha8Rng::seed_from_u64(count * CONNECTIONS as u64 + number as u64);
        let path = paths[random.random_range(0..paths.len())].clone();
        async move {
            connection.get(&path).await?;
            Ok(connection)
        }
    })
    .await
}

/// The bare server in a process of its own.
struct LimitServer {
    process: Child,
    port: u16,
    _body: tempfile::NamedTempFile,
}

impl LimitServer {
    fn start(body: &[u8]) -> anyhow::Result<Self> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), body)?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--serve-limit")
            .arg(file.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().context("the bare server has an output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { process, port: line.trim().parse()?, _body: file })
    }
}

impl Drop for LimitServer {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about it here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
