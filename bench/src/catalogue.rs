//! The products that are imported, read and bought.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use crate::{load::Connection, shop::Shop};

/// How many products are read and bought.
/// How many pieces there must be of one at least, so that no phase sells it out.
const PLENTY: u32 = 100;
const CHOSEN: usize = 5_000;

/// How many are made up when no file is given: as many variants as the real catalogue has.
const MADE_UP: usize = 66_778;

/// What the import took.
#[derive(Debug)]
pub struct Import {
    pub products: usize,
    pub variants: usize,
    pub seconds: f64,
}

#[derive(Deserialize)]
struct Line {
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    sku: String,
    price: Option<serde_json::Value>,
    stock: Option<Stock>,
}

#[derive(Deserialize)]
struct Stock {
    on_hand: u32,
}

/// The given file, or one that is made up.
///
/// # Errors
/// When it cannot be written.
pub fn file(given: Option<&Path>, folder: &Path) -> anyhow::Result<PathBuf> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    eprintln!("  no --products given: {MADE_UP} products are made up");
    make_up(folder, MADE_UP)
}

/// A file of so many products, each in stock, which are called `PART-0` and so on.
///
/// # Errors
/// When it cannot be written.
pub fn make_up(folder: &Path, count: usize) -> anyhow::Result<PathBuf> {
    let path = folder.join("made-up.ndjson");
    let mut file = BufWriter::new(File::create(&path)?);
    for number in 0..count {
        let price = 999 + number * 7 % 200_000;
        writeln!(
            file,
            r#"{{"category":"parts-{}","name":"Part {number}","brand":"Brand {}","status":"active","attributes":{{"size":{},"color":"black"}},"variants":[{{"sku":"PART-{number}","price":{{"amount":{price},"currency":"USD"}},"stock":{{"on_hand":1000}}}}]}}"#,
            number % 25,
            number % 300,
            number % 90,
        )?;
    }
    file.flush()?;
    Ok(path)
}

/// Imports the file with the program's own command.
///
/// # Errors
/// When the command fails.
pub fn import(program: &Path, folder: &Path, file: &Path) -> anyhow::Result<Import> {
    let (mut products, mut variants) = (0, 0);
    for line in lines(file)? {
        products += 1;
        variants += line?.variants.len();
    }
    let start = Instant::now();
    let mut import = Command::new(program);
    import.arg("import").arg(file).arg("--data").arg(folder).stdout(Stdio::null());
    let status = import.status()?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(status.success(), "techtrove import ended with {status}");
    Ok(Import { products, variants, seconds })
}

/// SKUs that have a price and stock, one of each chosen product.
#[derive(Debug)]
pub struct Chosen(Arc<[String]>);

/// Chooses products by the seed.
///
/// # Errors
/// When fewer than 1,000 can be bought.
pub fn choose(file: &Path, seed: u64) -> anyhow::Result<Chosen> {
    let mut skus = Vec::new();
    for line in lines(file)? {
        let buyable = line?.variants.into_iter().find(|variant| {
            variant.price.is_some()
                && variant.stock.as_ref().is_some_and(|stock| stock.on_hand >= PLENTY)
        });
        skus.extend(buyable.map(|variant| variant.sku));
    }
    skus.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    skus.truncate(CHOSEN);
    ensure!(skus.len() >= 1_000, "only {} products can be bought; use --complete", skus.len());
    Ok(Chosen(skus.into()))
}

impl Chosen {
    /// The SKUs.
    pub fn skus(&self) -> Arc<[String]> {
        Arc::clone(&self.0)
    }

    /// The ids of some thousand products of the running shop.
    ///
    /// # Errors
    /// When the shop does not list them.
    pub async fn product_ids(&self, shop: &Shop) -> anyhow::Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Page {
            items: Vec<Item>,
            next_cursor: Option<String>,
        }
        #[derive(Deserialize)]
        struct Item {
            id: String,
        }
        let mut connection = Connection::open(shop.port()).await?;
        let mut ids = Vec::new();
        let mut path = "/api/v1/products?limit=100".to_owned();
        while ids.len() < CHOSEN {
            let page: Page = serde_json::from_slice(&connection.get(&path).await?)?;
            ids.extend(page.items.into_iter().map(|item| item.id));
            match page.next_cursor {
                Some(cursor) => path = format!("/api/v1/products?limit=100&cursor={cursor}"),
                None => break,
            }
        }
        ensure!(ids.len() >= 1_000, "the shop lists only {} products", ids.len());
        Ok(ids)
    }
}

fn lines(file: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Line>>> {
    let file = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    Ok(BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?)))
}
