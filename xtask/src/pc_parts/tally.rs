//! Counts what goes in where it is read and what comes out where it is written, so that a part lost
//! in between shows. The check must never take one figure from another.

use std::{collections::HashSet, fmt};

use anyhow::ensure;

use super::line::Line;

/// What a run took in and gave out.
#[derive(Debug, Default, PartialEq)]
pub struct Tally {
    categories: usize,
    rows: usize,
    merged: usize,
    products: usize,
    variants: usize,
    draft_products: usize,
    draft_variants: usize,
    skus: HashSet<String>,
}

impl Tally {
    /// `rows` of one category were read.
    pub fn count_category(&mut self, rows: usize) {
        self.categories += 1;
        self.rows += rows;
    }

    /// `rows` were merged into an equal one.
    pub fn count_merged(&mut self, rows: usize) {
        self.merged += rows;
    }

    /// `line` is written.
    pub fn count_line(&mut self, line: &Line<'_>) {
        self.products += 1;
        self.variants += line.variants.len();
        if line.status == "draft" {
            self.draft_products += 1;
            self.draft_variants += line.variants.len();
        }
        self.skus.extend(line.variants.iter().map(|variant| variant.sku.to_owned()));
    }

    /// Whether every row is accounted for, and every SKU is its own.
    ///
    /// # Errors
    /// When a sum does not agree.
    pub fn check(&self) -> anyhow::Result<()> {
        let (rows, variants, merged) = (self.rows, self.variants, self.merged);
        ensure!(
            rows == variants + merged,
            "the sums do not agree: {rows} rows in, but {variants} variants + {merged} merged"
        );
        let skus = self.skus.len();
        ensure!(
            skus == variants,
            "{variants} variants share {skus} SKUs: two rows met in one hash"
        );
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { categories, rows, merged, products, variants, .. } = self;
        let (drafts, in_drafts) = (self.draft_products, self.draft_variants);
        writeln!(f, "rows in   {rows:>7}  in {categories} categories")?;
        writeln!(f, "products  {products:>7}")?;
        writeln!(f, "variants  {variants:>7}")?;
        writeln!(f, "merged    {merged:>7}  rows equal to an earlier one in everything but price")?;
        writeln!(f, "drafts    {drafts:>7}  products, with {in_drafts} variants without a price")?;
        let verdict = if self.check().is_ok() { "agrees" } else { "DOES NOT AGREE" };
        writeln!(f, "check     {rows} = {variants} + {merged}: {verdict}")
    }
}
