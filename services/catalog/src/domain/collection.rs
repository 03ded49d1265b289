//! Collections: products that a manager has put together by hand, in an order of the manager's own.
//! What is not on sale may be in one and is not shown.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use techtrove_catalog_api::{CollectionId, ProductId};
use techtrove_core::{Field, Timestamp};

use super::{
    Invalid, ProductBody, Slug,
    heading::{check_name, check_position, check_slug},
    text,
};

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 2_000;
/// How many products a collection has at most: they are shown on one page.
const MAX_PRODUCTS: usize = 100;

/// A collection without its products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Its name in addresses, unique among collections.
    pub slug: Slug,
    /// How it is called.
    pub name: String,
    /// Paragraphs of plain text.
    pub description: Option<String>,
    /// Its place among collections, lowest first; those of one place stand by name.
    pub position: i64,
    /// Raised by edits only.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
    /// Its products in their order, those that are not on sale included.
    #[serde(skip)]
    #[schema(ignore)]
    pub product_ids: Vec<ProductId>,
}

/// A collection with its products.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CollectionWithProducts)]
pub struct ShownCollection {
    /// The collection itself.
    #[serde(flatten)]
    pub collection: Collection,
    /// All its products, for managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100)]
    pub product_ids: Option<Vec<ProductId>>,
    /// Those of its products that are on sale, in their order.
    #[schema(value_type = Vec<ProductBody>, max_items = 100)]
    pub products: Vec<Box<RawValue>>,
}

/// Makes a collection.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCollection {
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    )]
    name: String,
    /// Made of the name when absent.
    #[schema(value_type = Option<Slug>)]
    slug: Option<String>,
    /// Paragraphs of plain text.
    #[schema(max_length = 2_000)]
    description: Option<String>,
    /// 0 when absent.
    #[schema(minimum = 0, maximum = 1_000_000)]
    position: Option<i64>,
    /// Its products in their order; none when absent.
    #[schema(max_items = 100)]
    product_ids: Option<Vec<ProductId>>,
}

/// Changes the fields that are there, as a JSON Merge Patch (RFC 7396).
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CollectionPatch)]
pub struct CollectionInput {
    #[serde(default)]
    #[schema(value_type = String, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
    name: Field<String>,
    #[serde(default)]
    #[schema(value_type = Slug)]
    slug: Field<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2_000)]
    description: Field<String>,
    #[serde(default)]
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000)]
    position: Field<i64>,
    /// All its products from now on.
    #[serde(default)]
    #[schema(value_type = Vec<ProductId>, max_items = 100)]
    product_ids: Field<Vec<ProductId>>,
}

/// A change whose every value is accepted by itself.
#[derive(Clone, Debug, Default)]
pub struct CollectionChange {
    name: Option<String>,
    slug: Option<Slug>,
    description: Field<String>,
    position: Option<i64>,
    product_ids: Option<Vec<ProductId>>,
}

impl From<NewCollection> for CollectionInput {
    fn from(new: NewCollection) -> Self {
        Self {
            name: Field::Set(new.name),
            slug: new.slug.into(),
            description: new.description.into(),
            position: new.position.into(),
            product_ids: new.product_ids.into(),
        }
    }
}

impl CollectionInput {
    /// The change, when every value is acceptable by itself.
    ///
    /// # Errors
    /// All values that are not.
    pub fn checked(self) -> Result<CollectionChange, Invalid> {
        let mut invalid = Invalid::default();
        let description =
            self.description.try_map(|written| text::paragraphs(&written, MAX_DESCRIPTION));
        let change = CollectionChange {
            name: check_name(self.name, &mut invalid),
            slug: check_slug(self.slug, &mut invalid),
            description: match invalid.take("/description", description).unwrap_or_default() {
                Field::Set(Some(description)) => Field::Set(description),
                Field::Set(None) | Field::Clear => Field::Clear,
                Field::Keep => Field::Keep,
            },
            position: check_position(self.position, &mut invalid),
            product_ids: check_products(self.product_ids, &mut invalid),
        };
        invalid.finish().map(|()| change)
    }
}

fn check_products(
    product_ids: Field<Vec<ProductId>>,
    invalid: &mut Invalid,
) -> Option<Vec<ProductId>> {
    let product_ids = invalid.take("/product_ids", product_ids.required()).flatten()?;
    if product_ids.len() > MAX_PRODUCTS {
        let detail = format_args!("a collection has at most {MAX_PRODUCTS} products");
        invalid.add("/product_ids", detail);
        return None;
    }
    let mut seen = BTreeSet::new();
    for (index, id) in product_ids.iter().enumerate() {
        if !seen.insert(id) {
            invalid.add(format!("/product_ids/{index}"), "this product stands here twice");
        }
    }
    Some(product_ids)
}

impl CollectionChange {
    /// The slug that the change asks for, if it does.
    #[must_use]
    pub fn slug(&self) -> Option<&Slug> {
        self.slug.as_ref()
    }
}

impl Collection {
    /// A new collection.
    ///
    /// # Errors
    /// When it has no name.
    pub fn create(
        change: CollectionChange,
        id: CollectionId,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let Some(name) = change.name.clone() else {
            return Err(Invalid::field("/name", "a collection needs a name"));
        };
        let slug = change.slug.clone().unwrap_or_else(|| Slug::from_name(&name, "collection"));
        let blank = Self {
            id,
            slug,
            name,
            description: None,
            position: 0,
            version: 0,
            created_at: now,
            updated_at: now,
            product_ids: Vec::new(),
        };
        Ok(Self { version: 1, ..blank.edited(change, now) })
    }

    /// The collection after an edit, its version raised unless nothing was changed.
    #[must_use]
    pub fn edited(&self, change: CollectionChange, now: Timestamp) -> Self {
        let edited = Self {
            id: self.id,
            slug: change.slug.unwrap_or_else(|| self.slug.clone()),
            name: change.name.unwrap_or_else(|| self.name.clone()),
            description: change.description.applied(self.description.clone()),
            position: change.position.unwrap_or(self.position),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            product_ids: change.product_ids.unwrap_or_else(|| self.product_ids.clone()),
        };
        if edited == *self {
            return edited;
        }
        Self { version: self.version.saturating_add(1), updated_at: now, ..edited }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use techtrove_core::TypedId;
    use uuid::Uuid;

    use super::*;

    fn product(number: u128) -> ProductId {
        ProductId::from_uuid(Uuid::from_u128(number))
    }

    fn change(written: Value) -> Result<CollectionChange, Invalid> {
        serde_json::from_value::<CollectionInput>(written).expect("the format").checked()
    }

    #[test]
    fn an_edit_that_says_the_same_leaves_the_version() {
        let now = Timestamp::from_micros(1);
        let id = CollectionId::from_uuid(Uuid::from_u128(1));
        let written =
            json!({"name": "A", "description": "b", "product_ids": [product(2), product(1)]});
        let made = Collection::create(change(written.clone()).expect("accepted"), id, now);
        let made = made.expect("made");

        let same = made.edited(change(written).expect("accepted"), now);
        let turned = made.edited(
            change(json!({"description": null, "product_ids": [product(1), product(2)]}))
                .expect("accepted"),
            now,
        );

        assert_eq!((made.version, made.slug.as_str()), (1, "a"));
        assert_eq!(same, made);
        assert_eq!((turned.version, turned.description), (2, None));
        assert_eq!(turned.product_ids, [product(1), product(2)]);
    }

    #[test]
    fn what_cannot_be_is_refused_whole() {
        let many: Vec<ProductId> = (0..101).map(product).collect();
        let refused =
            change(json!({"name": " ", "slug": "No slug", "position": -1, "product_ids": many}));

        let errors = refused.expect_err("refused").errors;

        let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/slug", "/position", "/product_ids"]);
        let twice = change(json!({"product_ids": [product(1), product(1)]}));
        assert_eq!(twice.expect_err("refused").errors.len(), 1);
    }
}
