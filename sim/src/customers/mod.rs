//! The people who come to the shop: buyers, who retry, cancel and change their minds, and staff. They know
//! its public API alone, and remember what they were answered, which the shop is held to in the end.

mod buyer;
mod carts;
mod counts;
mod edits;
mod haggling;
mod lists;
mod member;
mod prices;
mod returns;
mod reviews;
mod served;
mod staff;
mod strangers;

pub use buyer::visit;
pub use lists::look_through;
pub use prices::{IMPORTED, Priced};
pub use reviews::Reviewed;
pub use staff::{Staff, open_shop};

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderName, Method, StatusCode, header};
use serde_json::Value;
use techtrove_http::Client;
use uuid::Uuid;

use crate::{
    hosts::Door,
    network::{self, Sender},
    world::World,
};

/// How long anybody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// Refusals that may pass, so that they are pinned to no key.
const PASSING: [&str; 3] = ["cart_locked", "invalid_transition", "payment_not_captured"];

/// How often a request is made that brings no answer.
const TRIES: u32 = 12;

/// What somebody was answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// The entity tag.
    pub etag: Option<String>,
}

impl Reply {
    /// The text at a pointer of the body.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer)?.as_str().map(str::to_owned)
    }

    /// Whether the same request is to be made again: it was not decided.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.status >= 500 || self.text("/code").as_deref() == Some("idempotency_key_in_use")
    }

    /// Whether the same request is answered so for ever, under its key.
    fn is_final(&self) -> bool {
        let passes = self.text("/code").is_some_and(|code| PASSING.contains(&code.as_str()));
        matches!(self.status, 201 | 402) || self.status == 409 && !passes
    }
}

/// A purchase as its buyer remembers it.
#[derive(Clone, Debug, Default)]
pub struct Purchase {
    /// The contact, which no other purchase has.
    pub email: String,
    /// Who was signed in.
    pub user: Option<String>,
    /// How many pieces of each SKU are wanted, once that is certain.
    pub wanted: Option<BTreeMap<String, i64>>,
    /// When it was asked for first, by the world's clock.
    pub asked: Option<Duration>,
    /// The order that was acknowledged.
    pub order: Option<String>,
    /// Whether it was refused for good.
    pub refused: bool,
    /// Whether the buyer was told that it is cancelled, or will be.
    pub cancelled: bool,
    /// In which country whoever gets the bill is, where that is somebody else.
    pub billed: Option<&'static str>,
    /// Whether the buyer has refused at their bank.
    pub unpaid: bool,
    /// Whether the buyer was told that the order has their note.
    pub edited: bool,
    /// How often money was asked back, each time once at most.
    pub refunds_asked: usize,
    /// What was given back by the answers: refunds' ids and amounts.
    pub refunds: Vec<(String, i64)>,
    /// The parcels that left by the answers.
    pub parcels: Vec<String>,
    /// How often something was asked to be sent back, each time once at most.
    pub returns_asked: usize,
    /// What is sent back by the answers.
    pub returns: Vec<SentBack>,
    /// The licence keys that were shown: SKUs and texts.
    pub keys: Vec<(String, String)>,
}

/// A return as buyer and shop remember it.
#[derive(Clone, Debug, Default)]
pub struct SentBack {
    /// Its id.
    pub id: String,
    /// How many pieces are in it.
    pub pieces: i64,
    /// Whether anybody was asked to let it come.
    pub decided: bool,
    /// Whether somebody was told that it may come.
    pub approved: bool,
    /// Whether somebody was told that it may not.
    pub rejected: bool,
    /// How it was received, by each answer that says so.
    pub receipts: Vec<Receipt>,
}

/// How a return was received, as a desk was answered.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Whether it is to be sold again.
    pub restock: bool,
    /// How much was to be given back, where the desk named it.
    pub asked: Option<i64>,
    /// How much is given back for it.
    pub given: i64,
}

/// What everybody remembers.
#[derive(Debug, Default)]
pub struct Memory {
    purchases: Mutex<Vec<Purchase>>,
    prices: Mutex<Vec<Priced>>,
    products: Mutex<BTreeMap<&'static str, String>>,
    token: Mutex<Option<String>>,
    imports: Mutex<Vec<Vec<i64>>>,
    reviews: Mutex<Vec<Reviewed>>,
}

impl Memory {
    fn purchases(&self) -> MutexGuard<'_, Vec<Purchase>> {
        self.purchases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers where a product is.
    pub fn place(&self, sku: &'static str, path: String) {
        self.products.lock().unwrap_or_else(PoisonError::into_inner).insert(sku, path);
    }

    /// Where a product is.
    #[must_use]
    pub fn path_of(&self, sku: &str) -> Option<String> {
        self.products.lock().unwrap_or_else(PoisonError::into_inner).get(sku).cloned()
    }

    /// Leaves the token of an order to the next guest, and takes that of the one before.
    pub fn pass_on(&self, token: &str) -> Option<String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).replace(token.to_owned())
    }

    /// Remembers that an import was taken, and the counts in it.
    pub fn imported(&self, counts: Vec<i64>) {
        self.imports.lock().unwrap_or_else(PoisonError::into_inner).push(counts);
    }

    /// The imports that were taken, each by its counts.
    #[must_use]
    pub fn imports(&self) -> Vec<Vec<i64>> {
        self.imports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers a review.
    pub fn reviewed(&self, review: Reviewed) {
        self.reviews.lock().unwrap_or_else(PoisonError::into_inner).push(review);
    }

    /// The reviews that were written.
    #[must_use]
    pub fn reviews(&self) -> Vec<Reviewed> {
        self.reviews.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers a price that something may have from now on.
    pub fn price(&self, sku: &'static str, price: i64) {
        let mut prices = self.prices.lock().unwrap_or_else(PoisonError::into_inner);
        prices.push(Priced { sku, price, since: None });
    }

    /// Remembers that the price which was remembered last is certain.
    pub fn priced(&self, since: Duration) {
        let mut prices = self.prices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = prices.last_mut() {
            last.since = Some(since);
        }
    }

    /// All prices, in their order.
    #[must_use]
    pub fn prices(&self) -> Vec<Priced> {
        self.prices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers a purchase that begins, and tells its place.
    pub fn begin(&self, email: &str) -> usize {
        let mut purchases = self.purchases();
        purchases.push(Purchase { email: email.to_owned(), ..Purchase::default() });
        purchases.len() - 1
    }

    /// Remembers more of the purchase at `place`.
    pub fn note(&self, place: usize, note: impl FnOnce(&mut Purchase)) {
        if let Some(purchase) = self.purchases().get_mut(place) {
            note(purchase);
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Purchase> {
        self.purchases().clone()
    }
}

/// Somebody who makes requests.
#[derive(Clone)]
pub struct Person {
    /// The world they live in.
    pub world: Arc<World>,
    name: &'static str,
    headers: Vec<(HeaderName, String)>,
}

/// A request that somebody makes.
#[derive(Clone, Debug)]
pub struct Wish {
    host: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
    is_import: bool,
    headers: Vec<(HeaderName, String)>,
}

impl Wish {
    /// A request to the public door of a host.
    #[must_use]
    pub fn new(host: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self { host, method, path: path.into(), body: None, is_import: false, headers: Vec::new() }
    }

    /// With a JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// With the lines of an import.
    #[must_use]
    pub fn ndjson(self, lines: Vec<Value>) -> Self {
        Self { is_import: true, ..self.body(lines.into()) }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((HeaderName::from_static(name), value.to_owned()));
        self
    }
}

impl Person {
    /// Somebody nobody knows.
    #[must_use]
    pub fn guest(world: &Arc<World>, name: &'static str) -> Self {
        Self { world: Arc::clone(world), name, headers: Vec::new() }
    }

    /// The same with an access token.
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.headers.push((header::AUTHORIZATION, format!("Bearer {token}")));
        self
    }

    /// The same with a header on every request.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((HeaderName::from_static(name), value.to_owned()));
        self
    }

    /// A key that nobody else has.
    #[must_use]
    pub fn key(&self) -> String {
        Uuid::from_u128(self.world.bits()).to_string()
    }

    /// The same key has the same answer, whatever was asked `about`.
    pub fn agree(&self, about: &str, one: Option<&Reply>, other: Option<&Reply>) {
        if let (Some(one), Some(other)) = (one, other) {
            let said = |reply: &Reply| {
                ["/id", "/status", "/code", "/payment/status", "/guest_token"]
                    .map(|pointer| reply.text(pointer))
            };
            let same = one.status == other.status && said(one) == said(other);
            if one.is_final() && !same {
                let (first, then) = (said(one), said(other));
                let detail =
                    format!("{about}: {} {first:?}, then {} {then:?}", one.status, other.status);
                self.world.violated("a key has one answer", detail);
            }
        }
    }

    /// Now and then makes a request once more that was answered: the answer is the same.
    pub async fn ask_again(&self, wish: &Wish, answered: &Reply) {
        if self.world.chance(200) {
            tokio::time::sleep(self.world.time(0, 4_000)).await;
            let again = self.insist(wish).await;
            self.agree(&wish.path, Some(answered), again.as_ref());
        }
    }

    /// Makes a request once.
    pub async fn ask(&self, wish: &Wish) -> Option<Reply> {
        let sender = Sender::Stranger(self.name);
        let client: Client = if wish.is_import {
            network::importer(&self.world, &sender, wish.host)
        } else {
            network::client(&self.world, &sender, wish.host, Door::Public)
        };
        let mut request = client.request(wish.method.clone(), &wish.path).deadline(PATIENCE);
        if let Some(body) = &wish.body {
            request = request.json(body);
        }
        for (name, value) in self.headers.iter().chain(&wish.headers) {
            request = request.header(name.clone(), value);
        }
        let answer = request.send().await.ok()?;
        let etag = answer.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let (status, etag): (StatusCode, _) = (answer.status, etag.map(str::to_owned));
        let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if status == StatusCode::INTERNAL_SERVER_ERROR && !self.world.answers_errors() {
            let detail = format!("{} {}: {body}", wish.method, wish.path);
            self.world.violated("nobody is answered 500", detail);
        }
        Some(Reply { status: status.as_u16(), body, etag })
    }

    /// Makes a request until it is decided, or gives up.
    pub async fn insist(&self, wish: &Wish) -> Option<Reply> {
        for _ in 0..TRIES {
            match self.ask(wish).await {
                Some(reply) if !reply.is_undecided() => return Some(reply),
                _ => tokio::time::sleep(self.world.time(50, 2_000)).await,
            }
        }
        None
    }
}

/// An answer in two words.
fn spoken(reply: &Reply) -> String {
    let word = reply.text("/code").or_else(|| reply.text("/status")).unwrap_or_default();
    format!("{} {word}", reply.status)
}
