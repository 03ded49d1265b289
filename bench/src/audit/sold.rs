//! The orders that are copied: sold by the shop itself, each brought to its own end.

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::{load::Connection, purchases, shop::Shop};

/// How many orders are sold.
const ORDERS: usize = 50;

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Declined,
    Cancelled,
    Confirmed,
    Refunded,
    Returned,
    Delivered,
}

/// Of ten orders.
const ENDS: [End; 10] = [
    End::Declined,
    End::Cancelled,
    End::Confirmed,
    End::Refunded,
    End::Returned,
    End::Delivered,
    End::Delivered,
    End::Delivered,
    End::Delivered,
    End::Delivered,
];

/// An order, and its guest's token.
struct Sold {
    path: String,
    token: String,
    lines: Value,
}

/// Sells orders of every kind, and tells how many. What is bought is the seed's.
///
/// # Errors
/// When the shop refuses one, or a step of one.
pub async fn sell(shop: &Shop, staff: &str, products: usize, seed: u64) -> anyhow::Result<u64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut people = People { connection: Connection::open(shop.port()).await?, staff };
    let mut sold = Vec::with_capacity(ORDERS);
    for end in ENDS.into_iter().cycle().take(ORDERS) {
        let first = random.random_range(0..products);
        let lines: Vec<Value> = (0..random.random_range(1..=3_usize))
            .map(|line| {
                let sku = format!("PART-{}", (first + line) % products);
                json!({"sku": sku, "quantity": random.random_range(1..=3)})
            })
            .collect();
        sold.extend(people.buy(&lines, end).await?.map(|order| (order, end)));
    }
    shop.wait_until_settled().await?;
    for (order, end) in &sold {
        people.bring(order, *end).await?;
    }
    shop.wait_until_settled().await?;
    shop.wait_until_quiet().await?;
    Ok(ORDERS as u64)
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum Who<'a> {
    Anybody,
    /// The guest with this token.
    Guest(&'a str),
    Staff,
}

/// Those who buy, and those who send it.
struct People<'a> {
    connection: Connection,
    staff: &'a str,
}

impl People<'_> {
    /// Buys; nothing when the payment is declined, as it should be.
    async fn buy(&mut self, lines: &[Value], end: End) -> anyhow::Result<Option<Sold>> {
        let mut order: Value = serde_json::from_str(&purchases::order("PART-0"))?;
        order["lines"] = json!(lines);
        if end == End::Declined {
            order["payment"]["token"] = json!("tok_declined");
        }
        let (status, answer) = self.ask("/api/v1/orders", Who::Anybody, &order).await?;
        if end == End::Declined {
            ensure!(status == StatusCode::PAYMENT_REQUIRED, "declined with {status}: {answer}");
            return Ok(None);
        }
        ensure!(status == StatusCode::CREATED, "an order was refused with {status}: {answer}");
        let path = format!("/api/v1/orders/{}", text(&answer, "id")?);
        Ok(Some(Sold { path, token: text(&answer, "guest_token")?, lines: order["lines"].take() }))
    }

    /// Brings an order to its end.
    async fn bring(&mut self, order: &Sold, end: End) -> anyhow::Result<()> {
        let (path, guest) = (&order.path, Who::Guest(&order.token));
        match end {
            End::Declined | End::Confirmed => {}
            End::Cancelled => {
                self.step(&format!("{path}/cancel"), guest, json!({})).await?;
            }
            End::Refunded => {
                self.deliver(path).await?;
                let amount = json!({"amount": 100, "currency": "USD"});
                let part = json!({"amount": amount, "reason": "a scratch"});
                self.step(&format!("{path}/refunds"), Who::Staff, part).await?;
            }
            End::Returned => {
                self.deliver(path).await?;
                let line = json!({"sku": order.lines[0]["sku"], "quantity": 1});
                let wish = json!({"lines": [line], "reason": "too loud"});
                let asked = self.step(&format!("{path}/returns"), guest, wish).await?;
                let back = format!("/api/v1/returns/{}", text(&asked, "id")?);
                self.step(&format!("{back}/approve"), Who::Staff, json!({})).await?;
                self.step(&format!("{back}/receive"), Who::Staff, json!({"restock": true})).await?;
            }
            End::Delivered => self.deliver(path).await?,
        }
        Ok(())
    }

    async fn deliver(&mut self, path: &str) -> anyhow::Result<()> {
        self.step(
            &format!("{path}/shipments"),
            Who::Staff,
            json!({"carrier": "DHL", "tracking_number": "JD0001"}),
        )
        .await?;
        self.step(&format!("{path}/deliver"), Who::Staff, json!({})).await?;
        Ok(())
    }

    async fn step(&mut self, path: &str, who: Who<'_>, body: Value) -> anyhow::Result<Value> {
        let (status, answer) = self.ask(path, who, &body).await?;
        ensure!(status.is_success(), "{path}: {status} {answer}");
        Ok(answer)
    }

    async fn ask(
        &mut self,
        path: &str,
        who: Who<'_>,
        body: &Value,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let request = Request::post(path)
            .header("host", "127.0.0.1")
            .header("content-type", "application/json");
        let request = match who {
            Who::Anybody => request,
            Who::Guest(token) => request.header("x-guest-token", token),
            Who::Staff => request.header("authorization", format!("Bearer {}", self.staff)),
        };
        let body = Full::new(Bytes::from(body.to_string()));
        let (status, answer) = self.connection.send(request.body(body)?).await?;
        Ok((status, serde_json::from_slice(&answer)?))
    }
}

fn text(answer: &Value, name: &str) -> anyhow::Result<String> {
    Ok(answer[name].as_str().with_context(|| format!("no {name} in {answer}"))?.to_owned())
}
