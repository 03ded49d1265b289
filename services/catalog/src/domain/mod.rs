//! The rules of the catalogue: what a product and a category may be, how a write changes one, and
//! how a line of an import is read. Plain functions which decide; nothing here reads, writes, or
//! knows the time by itself. What they decide is stored by `crate::app` in one transaction.

mod attributes;
mod category;
mod category_path;
mod change;
mod collection;
mod csv;
mod document;
mod export_line;
mod heading;
mod image;
mod import_chunk;
mod import_line;
mod import_row;
mod invalid;
mod listing;
mod product;
#[cfg(test)]
mod properties;
mod record;
mod shown;
mod slug;
mod text;

pub use attributes::Attributes;
pub use category::{
    Category, CategoryChange, CategoryInput, CategoryNode, NewCategory, descend, tree,
};
pub use category_path::category_ndjson;
pub use change::{NewProductInput, ProductChange, ProductInput, VariantChange, VariantInput};
pub use collection::{
    Collection, CollectionChange, CollectionInput, NewCollection, ShownCollection,
};
pub use document::{ProductDocument, StoredPrices, VariantDocument};
pub use export_line::ExportLine;
pub use image::{ImageUrl, InvalidImageUrl};
pub use import_chunk::{CHUNK_LINES, Chunk, Chunker, Format, lines, records, take_header};
pub use import_line::{ImportLine, LineError, LineProblem, StockLine, read_line};
pub use import_row::Columns;
pub use invalid::{DUPLICATE_VARIANT, Invalid, PRODUCT_TOO_LARGE};
pub use listing::{Bounds, ListCursor, ListWish, Sort};
pub use product::{Fresh, Product, Status, Variant, VariantMode};
pub use shown::{ProductBody, Rating, RatingBody, ShownProduct, page_json};
pub use slug::{InvalidSlug, Slug};
