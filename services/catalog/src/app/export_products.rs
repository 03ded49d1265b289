//! A manager takes all products out, and the categories in which none stands, to bring them in again or to read them in a spreadsheet: page by
//! page, so that neither a large shop nor a slow reader costs memory or holds the database.

use techtrove_catalog_api::ProductId;
use techtrove_inventory_api::ReadStockRequest;

use super::App;
use crate::{
    domain::{Columns, ExportLine, Format, category_ndjson},
    error::Error,
    store,
};

/// How many products are read at once: with the most variants that each can have, their SKUs are ten
/// questions to inventory.
const PAGE: i64 = 100;

/// The most SKUs of one question to inventory.
const STOCK_ITEMS: usize = 1_000;

/// An export on its way.
#[derive(Debug)]
pub struct Export {
    app: App,
    format: Format,
    /// The last product that was read.
    after: Option<ProductId>,
    /// Whether all was read.
    done: bool,
    /// What is to be sent before anything else is read.
    ready: Option<String>,
}

/// Begins an export, and reads its first page, so that a failure can still be told.
///
/// # Errors
/// When the database or inventory fails.
pub async fn begin_export(app: App, format: Format) -> Result<Export, Error> {
    let mut export = Export { app, format, after: None, done: false, ready: None };
    let first = export.read().await?.unwrap_or_default();
    let header = if format == Format::Csv { Columns::header() } else { String::new() };
    export.ready = Some(header + &first);
    Ok(export)
}

impl Export {
    /// The next part of the export, until there is none.
    ///
    /// # Errors
    /// When the database or inventory fails.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        match self.ready.take() {
            Some(ready) => Ok(Some(ready)),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Result<Option<String>, Error> {
        let after = self.after;
        let read =
            self.app.db.read("catalog.export", move |tx| store::export_products(tx, after, PAGE));
        let mut lines = read.await?;
        let Some(last) = lines.last() else { return self.read_categories().await };
        self.after = Some(last.product.id);
        self.add_stock(&mut lines).await?;
        let mut part = String::new();
        for line in &lines {
            let text = match self.format {
                Format::Ndjson => line.ndjson(),
                Format::Csv => line.csv(),
            };
            part.push_str(&text.map_err(techtrove_db::DbError::decode)?);
        }
        Ok(Some(part))
    }

    /// The categories that no product told of, behind all products.
    async fn read_categories(&mut self) -> Result<Option<String>, Error> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let read = self.app.db.read("catalog.export_categories", store::export_empty_categories);
        let mut part = String::new();
        for path in read.await? {
            let text = match self.format {
                Format::Ndjson => category_ndjson(&path),
                Format::Csv => Columns::category_record(&path),
            };
            part.push_str(&text.map_err(techtrove_db::DbError::decode)?);
        }
        Ok(Some(part).filter(|part| !part.is_empty()))
    }

    async fn add_stock(&self, lines: &mut [ExportLine]) -> Result<(), Error> {
        let skus: Vec<_> = lines.iter().flat_map(|line| line.product.skus()).collect();
        let mut stock = std::collections::BTreeMap::new();
        for skus in skus.chunks(STOCK_ITEMS) {
            let request = ReadStockRequest { skus: skus.to_vec() };
            let answer = self.app.inventory.read_stock(&request).await?;
            stock.extend(answer.items.into_iter().map(|item| (item.sku.clone(), item)));
        }
        for line in lines {
            let skus = line.product.skus();
            let known = skus.into_iter().filter_map(|sku| stock.remove_entry(&sku));
            line.stock = known.collect();
        }
        Ok(())
    }
}
