//! Lists of products through the gateway: what a category's page does beside the bare server, and how long
//! each filter and order takes.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::{
    load::{Connection, Load},
    product_reads::{self, Reads},
    shop::Shop,
};

/// How often each list is asked for.
const CALLS: usize = 101;

/// How many items a page has.
const LIMIT: usize = 20;

#[derive(Deserialize)]
struct Page {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    brand: Option<String>,
    price: Option<Price>,
}

#[derive(Deserialize)]
struct Price {
    amount: i64,
}

#[derive(Deserialize)]
struct Categories {
    items: Vec<Category>,
}

#[derive(Deserialize)]
struct Category {
    slug: String,
}

/// The paths of the first pages of all categories on top that fill one.
///
/// # Errors
/// When there are none.
async fn category_pages(connection: &mut Connection) -> anyhow::Result<Vec<String>> {
    let answer = connection.get("/api/v1/categories").await?;
    let mut pages = Vec::new();
    for Category { slug } in serde_json::from_slice::<Categories>(&answer)?.items {
        let path = format!("/api/v1/products?category={slug}&limit={LIMIT}");
        let page: Page = serde_json::from_slice(&connection.get(&path).await?)?;
        if page.items.len() == LIMIT {
            pages.push(path);
        }
    }
    ensure!(!pages.is_empty(), "no category fills a page");
    Ok(pages)
}

/// Measures the pages of categories beside the bare server.
///
/// # Errors
/// When a server does not answer.
pub async fn by_category(shop: &Shop, lasting: Duration) -> anyhow::Result<Reads> {
    let pages = category_pages(&mut Connection::open(shop.port()).await?).await?;
    product_reads::measure(shop, pages, lasting).await
}

/// Measures each filter and order by itself; what was asked, with what it took, the slowest last.
///
/// # Errors
/// When the shop does not answer.
pub async fn filters(shop: &Shop) -> anyhow::Result<Vec<(String, Load)>> {
    let mut connection = Connection::open(shop.port()).await?;
    let mut measured = Vec::new();
    for query in queries(&mut connection).await? {
        let path = format!("/api/v1/products?{query}&limit={LIMIT}");
        let mut latencies = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            connection.get(&path).await?;
            latencies.push(begun.elapsed());
        }
        measured.push((query, Load::new(latencies)));
    }
    measured.sort_by(|(_, one), (_, other)| {
        one.percentile_ms(50.0).total_cmp(&other.percentile_ms(50.0))
    });
    Ok(measured)
}

/// A list by each filter and in each order, and some of several.
async fn queries(connection: &mut Connection) -> anyhow::Result<Vec<String>> {
    let pages = category_pages(connection).await?;
    let page: Page = serde_json::from_slice(&connection.get(&pages[0]).await?)?;
    let category = pages[0].split(['=', '&']).nth(1).context("a category's page names it")?;
    let brand = page.items.iter().find_map(|item| item.brand.as_deref()).context("no brand")?;
    let brand = encoded(brand);
    let price = page.items.iter().find_map(|item| item.price.as_ref()).context("no price")?.amount;
    let (low, high) = (price * 9 / 10, price * 11 / 10);
    Ok(vec![
        format!("category={category}"),
        format!("brand={brand}"),
        format!("price_min={low}&price_max={high}"),
        "in_stock=true".to_owned(),
        "rating_min=4".to_owned(),
        format!("q={brand}"),
        "sort=price".to_owned(),
        "sort=-price".to_owned(),
        "sort=rating".to_owned(),
        "sort=bestselling".to_owned(),
        format!("category={category}&sort=price"),
        format!("category={category}&sort=bestselling&in_stock=true"),
        format!("category={category}&brand={brand}&price_min={low}&sort=-price"),
        format!("brand={brand}&sort=rating"),
    ])
}

/// A value as a query has it.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
