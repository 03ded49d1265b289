//! Guests who buy at once: `POST /orders`, confirmed. An order counts only once its events are handled
//! and its mail is written, so the rate is taken over the time until the backlog is empty.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{catalogue::Chosen, load, load::Load, shop::Shop};

const CUSTOMERS: usize = 32;

/// What the load measured.
#[derive(Debug)]
pub struct Orders {
    pub load: Load,
    pub rate: f64,
    pub refused: u64,
    pub backlog_seconds: f64,
    pub peak_mib: f64,
}

/// Lets the customers buy.
///
/// # Errors
/// When the shop does not answer, or mails are missing at the end.
pub async fn measure(shop: &Shop, chosen: &Chosen, lasting: Duration) -> anyhow::Result<Orders> {
    let mails_before = shop.mails().await?;
    let refused = Arc::new(AtomicU64::new(0));
    let (skus, counted) = (chosen.skus(), Arc::clone(&refused));
    let watch = shop.watch_memory();
    let load = load::run(shop.port(), CUSTOMERS, lasting, move |mut connection, number, count| {
        let mut random = ChaCha8Rng::seed_from_u64(count * CUSTOMERS as u64 + number as u64);
        let body = order(&skus[random.random_range(0..skus.len())], number);
        let counted = Arc::clone(&counted);
        async move {
            let (status, answer) = connection.send(request(body)?).await?;
            if status != StatusCode::CREATED || !contains(&answer, b"\"status\":\"confirmed\"") {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            Ok(connection)
        }
    })
    .await?;
    let ended = Instant::now();
    let refused = refused.load(Ordering::Relaxed);
    let confirmed = load.count() as u64 - refused;
    shop.wait_for_mails(mails_before + confirmed).await?;
    let backlog = ended.elapsed();
    let rate = confirmed as f64 / (load.lasted() + backlog).as_secs_f64();
    let backlog_seconds = backlog.as_secs_f64();
    Ok(Orders { rate, refused, backlog_seconds, peak_mib: watch.peak_mib(), load })
}

fn order(sku: &str, customer: usize) -> Bytes {
    Bytes::from(format!(
        r#"{{"lines":[{{"sku":"{sku}","quantity":1}}],"email":"customer{customer}@example.com","shipping_address":{{"name":"Ada Example","line1":"1 Main Street","city":"Springfield","postal_code":"12345","country":"US"}},"shipping_method":"standard","payment":{{"provider":"sandbox","token":"tok_ok"}}}}"#
    ))
}

fn request(body: Bytes) -> anyhow::Result<Request<Full<Bytes>>> {
    let request = Request::post("/api/v1/orders").header("host", "127.0.0.1");
    Ok(request.header("content-type", "application/json").body(Full::new(body))?)
}

fn contains(answer: &[u8], wanted: &[u8]) -> bool {
    answer.windows(wanted.len()).any(|part| part == wanted)
}
