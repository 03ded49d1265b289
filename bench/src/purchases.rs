//! Guests who buy: at once by `POST /orders`, or in three calls by a cart, an item in it and its
//! checkout. An order counts only once it is paid and captured, its events are handled and its mail is
//! written, so the rate is taken over the time until nothing is left to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use crate::{
    catalogue::Chosen,
    load,
    load::{Connection, Load},
    shop::Shop,
};

const CUSTOMERS: usize = 32;

/// How many checkouts one customer makes alone.
const ALONE: usize = 200;

/// How often orders without and with an idempotency key have their turn.
const TURNS: u32 = 4;

/// Of a hundred requests of the mix, so many are reads.
const READS_OF_MIX: u32 = 90;

/// No two orders of a run have the same key.
static NEXT_KEY: AtomicU64 = AtomicU64::new(0);

/// Who pays, where it goes, and how: the same in both ways to buy.
const TERMS: &str = r#""email":"customer@example.com","shipping_address":{"name":"Ada Example","line1":"1 Main Street","city":"Springfield","postal_code":"12345","country":"US"},"shipping_method":"standard","payment":{"provider":"sandbox","token":"tok_ok"}"#;

/// How a guest buys.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// `POST /orders`.
    AtOnce,
    /// The same, with an idempotency key.
    AtOnceByKey,
    /// A cart, an item, its checkout.
    ByCart,
}

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
/// When the shop does not answer, or is not done with all orders in time.
pub async fn measure(
    shop: &Shop,
    chosen: &Chosen,
    lasting: Duration,
    way: Way,
) -> anyhow::Result<Orders> {
    let mails_before = shop.mails().await?;
    let refused = Arc::new(AtomicU64::new(0));
    let (skus, counted) = (chosen.skus(), Arc::clone(&refused));
    let watch = shop.watch_memory();
    let load = load::run(shop.port(), CUSTOMERS, lasting, move |mut connection, number, count| {
        let mut random = ChaCha8Rng::seed_from_u64(count * CUSTOMERS as u64 + number as u64);
        let sku = skus[random.random_range(0..skus.len())].clone();
        let counted = Arc::clone(&counted);
        async move {
            if !buy(&mut connection, &sku, way).await? {
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
    shop.wait_until_settled().await?;
    let rate = confirmed as f64 / (load.lasted() + backlog).as_secs_f64();
    let backlog_seconds = backlog.as_secs_f64();
    Ok(Orders { rate, refused, backlog_seconds, peak_mib: watch.peak_mib(), load })
}

/// The rates of orders without and with an idempotency key: by turns, so that whatever else the machine does
/// meets both.
///
/// # Errors
/// As [`measure`].
pub async fn with_and_without_key(
    shop: &Shop,
    chosen: &Chosen,
    lasting: Duration,
) -> anyhow::Result<(f64, f64)> {
    let (mut plain, mut keyed) = (0.0, 0.0);
    for _ in 0..TURNS {
        plain += measure(shop, chosen, lasting / TURNS, Way::AtOnce).await?.rate;
        keyed += measure(shop, chosen, lasting / TURNS, Way::AtOnceByKey).await?.rate;
    }
    Ok((plain / f64::from(TURNS), keyed / f64::from(TURNS)))
}

/// Reads of products and checkouts by cart, side by side on each connection.
///
/// # Errors
/// When the shop does not answer, or refuses a checkout.
pub async fn mix(shop: &Shop, chosen: &Chosen, lasting: Duration) -> anyhow::Result<Load> {
    let ids = chosen.product_ids(shop).await?;
    let paths: Arc<[String]> = ids.iter().map(|id| format!("/api/v1/products/{id}")).collect();
    let skus = chosen.skus();
    load::run(shop.port(), CUSTOMERS, lasting, move |mut connection, number, count| {
        let mut random = ChaCha8Rng::seed_from_u64(count * CUSTOMERS as u64 + number as u64);
        let reads = random.random_range(0..100) < READS_OF_MIX;
        let path = paths[random.random_range(0..paths.len())].clone();
        let sku = skus[random.random_range(0..skus.len())].clone();
        async move {
            if reads {
                connection.get(&path).await?;
            } else if !buy(&mut connection, &sku, Way::ByCart).await? {
                bail!("a checkout of {sku} was refused");
            }
            Ok(connection)
        }
    })
    .await
}

/// One customer alone: the time of each complete checkout by cart, sorted.
///
/// # Errors
/// When the shop does not answer, or refuses a checkout.
pub async fn alone(shop: &Shop, chosen: &Chosen) -> anyhow::Result<Load> {
    let skus = chosen.skus();
    let mut connection = Connection::open(shop.port()).await?;
    let mut latencies = Vec::with_capacity(ALONE);
    for sku in skus.iter().cycle().take(ALONE) {
        let begun = Instant::now();
        if !buy(&mut connection, sku, Way::ByCart).await? {
            bail!("a checkout of {sku} was refused");
        }
        latencies.push(begun.elapsed());
    }
    Ok(Load::new(latencies))
}

/// Buys one piece; whether the order is confirmed.
async fn buy(connection: &mut Connection, sku: &str, way: Way) -> anyhow::Result<bool> {
    let (status, answer) = match way {
        Way::AtOnce => post(connection, "/api/v1/orders", None, order(sku)).await?,
        Way::AtOnceByKey => {
            let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed).to_string();
            post(connection, "/api/v1/orders", Some(("idempotency-key", &key)), order(sku)).await?
        }
        Way::ByCart => {
            let cart = new_cart(connection).await?;
            let path = format!("/api/v1/carts/{}", cart.id);
            let token = Some(("x-cart-token", &*cart.cart_token));
            let item = format!(r#"{{"sku":"{sku}","quantity":1}}"#);
            match post(connection, &format!("{path}/items"), token, item).await? {
                (StatusCode::CREATED, _) => {}
                (status, body) => {
                    bail!("adding {sku}: {status} {}", String::from_utf8_lossy(&body))
                }
            }
            post(connection, &format!("{path}/checkout"), token, format!("{{{TERMS}}}")).await?
        }
    };
    Ok(status == StatusCode::CREATED && is_confirmed(&answer))
}

/// Whether an answer shows an order that is paid and sold.
pub fn is_confirmed(answer: &[u8]) -> bool {
    contains(answer, b"\"status\":\"confirmed\"")
}

#[derive(Deserialize)]
struct Cart {
    id: String,
    cart_token: String,
}

/// A guest's order of one piece.
pub fn order(sku: &str) -> String {
    format!(r#"{{"lines":[{{"sku":"{sku}","quantity":1}}],{TERMS}}}"#)
}

async fn new_cart(connection: &mut Connection) -> anyhow::Result<Cart> {
    let (_, body) = post(connection, "/api/v1/carts", None, "{}".to_owned()).await?;
    serde_json::from_slice(&body).context("a new cart")
}

/// Posts JSON, with one header more if there is one.
///
/// # Errors
/// When the connection breaks.
pub async fn post(
    connection: &mut Connection,
    path: &str,
    header: Option<(&str, &str)>,
    body: String,
) -> anyhow::Result<(StatusCode, Bytes)> {
    let mut request =
        Request::post(path).header("host", "127.0.0.1").header("content-type", "application/json");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    connection.send(request.body(Full::new(Bytes::from(body)))?).await
}

/// Whether an answer has these bytes.
pub fn contains(answer: &[u8], wanted: &[u8]) -> bool {
    answer.windows(wanted.len()).any(|part| part == wanted)
}
