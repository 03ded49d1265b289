//! A flash sale: many buyers at once want the few pieces that there are. Exactly those are sold, and all
//! others are told so.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use hyper::StatusCode;

use crate::{catalogue, load::Connection, load::Load, purchases, shop::Shop};

/// How many pieces there are, how many want one, and how many of them at the same time.
const PIECES: usize = 50;
const BUYERS: usize = 2_000;
const AT_ONCE: usize = 256;

const SKU: &str = "FLASH-1";

/// How a sale went.
#[derive(Debug)]
pub struct Sale {
    /// How long each buyer waited.
    pub load: Load,
    /// From the first request to the last answer.
    pub seconds: f64,
}

/// Puts the pieces on sale and lets the buyers in.
///
/// # Errors
/// When not exactly those pieces are sold, or a buyer gets another answer than that all are sold.
pub async fn hold(shop: &Shop, program: &Path, folder: &Path) -> anyhow::Result<Sale> {
    let file = folder.join("flash-sale.ndjson");
    std::fs::write(
        &file,
        format!(
            r#"{{"name":"Flash","status":"active","variants":[{{"sku":"{SKU}","price":{{"amount":999,"currency":"USD"}},"stock":{{"on_hand":{PIECES}}}}}]}}"#
        ),
    )?;
    catalogue::import(program, folder, &file)?;
    shop.wait_until_quiet().await?;
    let mut connections = Vec::with_capacity(AT_ONCE);
    for _ in 0..AT_ONCE {
        connections.push(Connection::open(shop.port()).await?);
    }

    let (next, begun) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let buyers = connections.into_iter().map(|connection| {
        let next = Arc::clone(&next);
        tokio::spawn(buy(connection, next))
    });
    let (mut sold, mut waited) = (0, Vec::with_capacity(BUYERS));
    for buyer in buyers.collect::<Vec<_>>() {
        let (own, latencies) = buyer.await??;
        sold += own;
        waited.extend(latencies);
    }
    let seconds = begun.elapsed().as_secs_f64();

    ensure!(sold == PIECES, "{sold} of {PIECES} pieces were sold");
    ensure!(waited.len() == BUYERS, "{} of {BUYERS} buyers were answered", waited.len());
    Ok(Sale { load: Load::new(waited), seconds })
}

/// Buys for one buyer after the other: how many got a piece, and how long each waited.
async fn buy(
    mut connection: Connection,
    next: Arc<AtomicUsize>,
) -> anyhow::Result<(usize, Vec<Duration>)> {
    let (mut sold, mut waited) = (0, Vec::new());
    while next.fetch_add(1, Ordering::Relaxed) < BUYERS {
        let begun = Instant::now();
        let order = purchases::order(SKU);
        let (status, answer) =
            purchases::post(&mut connection, "/api/v1/orders", None, order).await?;
        waited.push(begun.elapsed());
        match status {
            StatusCode::CREATED if purchases::is_confirmed(&answer) => sold += 1,
            StatusCode::CONFLICT if purchases::contains(&answer, b"\"out_of_stock\"") => {}
            _ => bail!("a buyer got {status}: {}", String::from_utf8_lossy(&answer)),
        }
    }
    Ok((sold, waited))
}
