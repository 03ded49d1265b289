//! Listening to the stream of an order's events.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use techtrove_identity_api::Authenticator;
use techtrove_orders::service;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::{Shop, World};

/// No stream is silent for longer when there is something to tell.
const PATIENCE: Duration = Duration::from_secs(30);

/// One who listens to a stream.
pub struct Listener {
    body: Body,
    text: String,
}

/// An event as it was heard.
#[derive(Debug)]
pub struct Heard {
    /// Its place in the history.
    pub id: u64,
    /// What changed.
    pub name: String,
    /// What it is now.
    pub data: Value,
}

impl Listener {
    /// Opens a stream; the status when it is refused.
    pub async fn open(world: &World, shop: &Shop, request: Request<Body>) -> Result<Self, u16> {
        Self::open_by(world.authenticator(), shop, request).await
    }

    /// The same where callers are known to this authenticator.
    pub async fn open_by(
        authenticator: Arc<Authenticator>,
        shop: &Shop,
        request: Request<Body>,
    ) -> Result<Self, u16> {
        let router = Router::from(service(&shop.app, authenticator).public);
        let response = router.oneshot(request).await.expect("infallible");
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Ok(Self { body: response.into_body(), text: String::new() })
    }

    /// The next block of lines; nothing when the stream has ended.
    pub async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("something is told")?;
            let data = frame.expect("never fails").into_data().expect("no trailers");
            self.text += std::str::from_utf8(&data).expect("text");
        }
    }

    /// The next event; nothing when the stream has ended.
    pub async fn event(&mut self) -> Option<Heard> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name));
                line.map(str::to_owned)
            };
            if let Some(id) = field("id: ") {
                let data = field("data: ").expect("data");
                return Some(Heard {
                    id: id.parse().expect("a number"),
                    name: field("event: ").expect("a name"),
                    data: serde_json::from_str(&data).expect("JSON"),
                });
            }
        }
    }

    /// The next so many events.
    pub async fn events(&mut self, count: usize) -> Vec<Heard> {
        let mut heard = Vec::new();
        while heard.len() < count {
            heard.push(self.event().await.expect("the stream goes on"));
        }
        heard
    }
}
