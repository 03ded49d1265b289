//! Customers who review products, all at once: how soon a product's rating tells of a review, and whether
//! it tells of all of them where many are of one product.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde::Deserialize;

use crate::{load::Connection, load::Load, shop::Shop};

/// How many customers write at once.
const WRITERS: usize = 100;

/// How many products each of them reviews for themselves, one after the other.
const EACH: usize = 9;

/// How long somebody waits before they look again: so that looking is not the load that is measured.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a rating may keep a review back before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How soon ratings told of reviews.
#[derive(Debug)]
pub struct Followed {
    /// From a review's request until the product's rating counts it, while everybody writes.
    pub apart: Load,
    /// From the last answer until the rating counts everybody's reviews of one product, in milliseconds.
    pub together_ms: f64,
}

/// Lets everybody review products of their own, then one product together.
///
/// # Errors
/// When a review is refused, or a rating does not tell of it.
pub async fn follow(shop: &Shop, products: &[String]) -> anyhow::Result<Followed> {
    let (together, apart) = products.split_first().context("nothing is on sale")?;
    let mut tasks = Vec::with_capacity(WRITERS);
    for (number, own) in apart.chunks(EACH).take(WRITERS).enumerate() {
        let (mut customer, own) = (Customer::register(shop, number).await?, own.to_vec());
        tasks.push(async move {
            let mut delays = Vec::with_capacity(own.len());
            for product in &own {
                let begun = Instant::now();
                customer.review(product).await?;
                customer.see(product, 1).await?;
                delays.push(begun.elapsed());
            }
            anyhow::Ok((customer, delays))
        });
    }
    let (mut customers, mut delays) = (Vec::new(), Vec::new());
    // All are registered by now, so that they write at the same time.
    for task in tasks.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
        let (customer, own) = task.await??;
        customers.push(customer);
        delays.extend(own);
    }
    let together_ms = all_review(customers, together).await?;
    Ok(Followed { apart: Load::new(delays), together_ms })
}

/// Everybody reviews one product at the same time.
async fn all_review(customers: Vec<Customer>, product: &str) -> anyhow::Result<f64> {
    let wanted = customers.len();
    let reviews = customers.into_iter().map(|mut customer| {
        let product = product.to_owned();
        tokio::spawn(async move {
            customer.review(&product).await?;
            anyhow::Ok(customer)
        })
    });
    let mut last = None;
    for review in reviews.collect::<Vec<_>>() {
        last = Some(review.await??);
    }
    let begun = Instant::now();
    last.context("nobody wrote")?.see(product, wanted).await?;
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

/// Somebody with an account.
struct Customer {
    connection: Connection,
    token: String,
}

impl Customer {
    async fn register(shop: &Shop, number: usize) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Registered {
            access_token: String,
        }
        let mut connection = Connection::open(shop.port()).await?;
        let account = format!(
            r#"{{"email":"reviewer{number}@example.com","password":"a benchmark's secret","name":"Reviewer"}}"#
        );
        let request = Request::post("/api/v1/auth/register")
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(account)))?;
        let (status, answer) = connection.send(request).await?;
        ensure!(status == StatusCode::CREATED, "an account was refused with {status}");
        let Registered { access_token } = serde_json::from_slice(&answer)?;
        Ok(Self { connection, token: access_token })
    }

    async fn review(&mut self, product: &str) -> anyhow::Result<()> {
        let review = r#"{"rating":4,"title":"Good","body":"It does what it says."}"#;
        let request = Request::post(format!("/api/v1/products/{product}/reviews"))
            .header("host", "127.0.0.1")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(review)))?;
        let (status, answer) = self.connection.send(request).await?;
        let answer = String::from_utf8_lossy(&answer);
        ensure!(status == StatusCode::CREATED, "a review was refused with {status}: {answer}");
        Ok(())
    }

    /// Reads the product until its rating counts so many reviews.
    async fn see(&mut self, product: &str, wanted: usize) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Product {
            rating: Rating,
        }
        #[derive(Deserialize)]
        struct Rating {
            count: usize,
        }
        let begun = Instant::now();
        loop {
            let answer = self.connection.get(&format!("/api/v1/products/{product}")).await?;
            let count = serde_json::from_slice::<Product>(&answer)?.rating.count;
            if count == wanted {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "a rating counts {count} reviews, not {wanted}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
