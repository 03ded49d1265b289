//! Customers who watch their orders: thousands of open event streams, what they cost the program in
//! memory, how soon a change reaches who watches it, and how soon the shop ends under them. The program
//! is a fresh one on the orders of an earlier one, so that no memory is counted as free which an
//! earlier load had taken.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{catalogue::Chosen, held, load::Connection, purchases, shop::Shop};

/// How many orders are watched at once.
pub const WATCHED: usize = 5_000;

/// How many of them are changed, one after the other.
const CHANGED: usize = 500;

/// How many customers buy what is watched.
const CUSTOMERS: usize = 32;

/// How long a stream may keep an event back before the run is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// An order, and the token by which its guest watches it.
#[derive(Debug, Deserialize)]
pub struct Bought {
    id: String,
    guest_token: String,
}

/// Buys what is watched.
///
/// # Errors
/// When an order is refused.
pub async fn buy(shop: &Shop, chosen: &Chosen) -> anyhow::Result<Vec<Bought>> {
    let (mut tasks, skus) = (Vec::new(), chosen.skus());
    for customer in 0..CUSTOMERS {
        let (mut connection, skus) = (Connection::open(shop.port()).await?, skus.clone());
        tasks.push(tokio::spawn(async move {
            let mut bought = Vec::new();
            for number in (customer..WATCHED).step_by(CUSTOMERS) {
                let order = purchases::order(&skus[number % skus.len()]);
                let (status, answer) =
                    purchases::post(&mut connection, "/api/v1/orders", None, order).await?;
                ensure!(status == StatusCode::CREATED, "an order was refused with {status}");
                bought.push(serde_json::from_slice::<Bought>(&answer)?);
            }
            anyhow::Ok(bought)
        }));
    }
    let mut bought = Vec::new();
    for task in tasks {
        bought.extend(task.await??);
    }
    Ok(bought)
}

/// The open streams, and what they cost.
pub struct Watched {
    /// How much more memory the program has.
    pub added_mib: f64,
    bought: Vec<Bought>,
    streams: Vec<Stream>,
}

/// Opens the streams and hears on each what became of its order so far.
///
/// # Errors
/// When one does not open.
pub async fn watch(shop: &Shop, bought: Vec<Bought>) -> anyhow::Result<Watched> {
    held::allow_files(bought.len())?;
    let before = shop.memory_mib()?;
    let mut streams = Vec::with_capacity(bought.len());
    for order in &bought {
        let mut stream = Stream::open(shop.port(), order).await?;
        stream.hear("\"captured\"").await?;
        streams.push(stream);
    }
    let added_mib = shop.memory_mib()? - before;
    Ok(Watched { added_mib, bought, streams })
}

impl Watched {
    /// Cancels some orders and tells how long each cancellation took from its call to the event, in
    /// milliseconds and rising order.
    ///
    /// # Errors
    /// When an order cannot be cancelled or its stream does not tell.
    pub async fn change(&mut self, shop: &Shop) -> anyhow::Result<Vec<f64>> {
        let mut connection = Connection::open(shop.port()).await?;
        let mut delays = Vec::with_capacity(CHANGED);
        for (order, stream) in self.bought.iter().zip(&mut self.streams).take(CHANGED) {
            let request = cancellation(order)?;
            let begun = Instant::now();
            let told = async {
                stream.hear("\"cancelled\"").await?;
                anyhow::Ok(begun.elapsed())
            };
            let (answer, delay) = tokio::join!(connection.send(request), told);
            let (status, answer) = answer?;
            let answer = String::from_utf8_lossy(&answer);
            ensure!(status.is_success(), "cancelling an order: {status} {answer}");
            delays.push(delay?.as_secs_f64() * 1e3);
        }
        delays.sort_unstable_by(f64::total_cmp);
        Ok(delays)
    }

    /// Ends the shop under the open streams; how many seconds that takes.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn end(self, shop: Shop) -> anyhow::Result<f64> {
        let begun = Instant::now();
        shop.stop().await?;
        Ok(begun.elapsed().as_secs_f64())
    }
}

fn cancellation(order: &Bought) -> anyhow::Result<Request<Full<Bytes>>> {
    let request = Request::post(format!("/api/v1/orders/{}/cancel", order.id));
    let request = request.header("host", "127.0.0.1").header("x-guest-token", &order.guest_token);
    Ok(request.body(Full::default())?)
}

/// One open stream, on a bare socket.
struct Stream {
    socket: TcpStream,
    heard: Vec<u8>,
}

impl Stream {
    async fn open(port: u16, order: &Bought) -> anyhow::Result<Self> {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.context("connecting")?;
        let Bought { id, guest_token } = order;
        let request = format!(
            "GET /api/v1/orders/{id}/events HTTP/1.1\r\nhost: 127.0.0.1\r\nx-guest-token: {guest_token}\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await?;
        Ok(Self { socket, heard: Vec::new() })
    }

    /// Listens until `words` were said.
    async fn hear(&mut self, words: &str) -> anyhow::Result<()> {
        let listening = async {
            while !contains(&self.heard, words.as_bytes()) {
                let read = self.socket.read_buf(&mut self.heard).await?;
                ensure!(read > 0, "a stream ended: {}", String::from_utf8_lossy(&self.heard));
            }
            Ok(())
        };
        let heard = timeout(PATIENCE, listening).await;
        self.heard.clear();
        heard.with_context(|| format!("{words} was not told"))?
    }
}

fn contains(heard: &[u8], words: &[u8]) -> bool {
    heard.windows(words.len()).any(|part| part == words)
}
