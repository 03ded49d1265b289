//! The people who come to the shop: buyers, who retry, cancel and change their minds, and staff. They know
//! its public API alone, and remember what they were answered, which the shop is held to in the end.

mod buyer;
mod staff;

pub use buyer::visit;
pub use staff::{Staff, open_shop};

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderName, Method, StatusCode, header};
use serde_json::Value;
use techtrove_http::Client;

use crate::{
    hosts::Door,
    network::{self, Sender},
    world::World,
};

/// How long anybody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(8);

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
}

/// A purchase as its buyer remembers it.
#[derive(Clone, Debug, Default)]
pub struct Purchase {
    /// The contact, which no other purchase has.
    pub email: String,
    /// The order that was acknowledged.
    pub order: Option<String>,
    /// Whether it was refused for good.
    pub refused: bool,
    /// Whether the buyer was told that it is cancelled, or will be.
    pub cancelled: bool,
    /// What was given back by the answers: refunds' ids and amounts.
    pub refunds: Vec<(String, i64)>,
    /// How many pieces left by the answers.
    pub parcels: Vec<String>,
}

/// What everybody remembers.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Purchase>>);

impl Memory {
    fn purchases(&self) -> MutexGuard<'_, Vec<Purchase>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    headers: Vec<(HeaderName, String)>,
}

impl Wish {
    /// A request to the public door of a host.
    #[must_use]
    pub fn new(host: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self { host, method, path: path.into(), body: None, headers: Vec::new() }
    }

    /// With a JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
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

    /// Makes a request once.
    pub async fn ask(&self, wish: &Wish) -> Option<Reply> {
        let sender = Sender::Stranger(self.name);
        let client: Client = network::client(&self.world, &sender, wish.host, Door::Public);
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
