//! A product and its variants: how a change makes or alters one, and the rules that hold for the
//! whole. A product on sale has a price for every variant, and is never without a variant.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use techtrove_catalog_api::{CategoryId, Fulfilment, ProductId, VariantId};
use techtrove_core::{Field, Money, Sku, Timestamp};

use super::{
    Attributes, DUPLICATE_VARIANT, ImageUrl, Invalid, PRODUCT_TOO_LARGE, ProductChange,
    ProductDocument, Slug, VariantChange,
    change::{MAX_VARIANTS, declare_options},
};

/// The longest product as it is shown, in bytes of JSON. Written for an export, where each quote may be
/// two and its categories stand before it, it still is within the longest line of an import.
pub(super) const MAX_SIZE: usize = 256 * 1_024;

/// Whether a product is on sale. Any status may follow any other; being active has a rule of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProductStatus)]
pub enum Status {
    /// Not yet on sale; only staff see it.
    #[default]
    Draft,
    /// On sale.
    Active,
    /// No longer on sale; only staff see it.
    Archived,
}

impl Status {
    /// The status as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// A product.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its name in addresses, unique in the shop.
    pub slug: Slug,
    /// How it is called.
    pub name: String,
    /// Paragraphs of plain text.
    pub description: Option<String>,
    /// Who makes it.
    pub brand: Option<String>,
    /// Where it stands in the shop.
    pub category_id: Option<CategoryId>,
    /// The price of variants without one of their own.
    pub default_price: Option<Money>,
    /// A higher price to compare with.
    pub compare_at_price: Option<Money>,
    /// Whether it is on sale.
    pub status: Status,
    /// How it reaches the customer.
    pub fulfilment: Fulfilment,
    /// What it is.
    pub attributes: Attributes,
    /// The names of what the variants differ in.
    pub options: Vec<String>,
    /// At least one.
    pub variants: Vec<Variant>,
    /// Addresses of pictures of it.
    pub images: Vec<ImageUrl>,
    /// Raised by edits only.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// What can be bought of a product.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Its id, the same for as long as the product has this SKU.
    pub id: VariantId,
    /// Unique in the shop.
    pub sku: Sku,
    /// Its own price, if it has one.
    pub own_price: Option<Money>,
    /// Its value of each option.
    pub options: Map<String, Value>,
    /// What it has of its own.
    pub attributes: Attributes,
}

/// What a change needs from outside: made before the transaction, so that running it again changes
/// nothing.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The time of the change.
    pub now: Timestamp,
    /// The id of the product, if it is new.
    pub product: ProductId,
    /// Ids for the change's variants, in its order, where they are new.
    pub variants: Vec<VariantId>,
}

/// What happens to variants that a change does not name, and to what it leaves out of those it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariantMode {
    /// They go; what is left out is absent: the list is replaced (`PATCH`).
    Replace,
    /// They stay as they are (an import).
    Upsert,
}

impl Product {
    /// A new product.
    ///
    /// # Errors
    /// All that is missing or breaks a rule.
    pub fn create(change: ProductChange, fresh: &Fresh) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        if change.name.is_none() {
            invalid.add("/name", "a product needs a name");
        }
        if change.variants.is_none() {
            invalid.add("/variants", format_args!("a product has 1 to {MAX_VARIANTS} variants"));
        }
        invalid.finish()?;
        let name = change.name.clone().unwrap_or_default();
        let blank = Self {
            id: fresh.product,
            slug: change.slug_of_new(),
            name,
            description: None,
            brand: None,
            category_id: None,
            default_price: None,
            compare_at_price: None,
            status: Status::Draft,
            fulfilment: Fulfilment::Physical,
            attributes: Attributes::default(),
            options: Vec::new(),
            variants: Vec::new(),
            images: Vec::new(),
            version: 0,
            created_at: fresh.now,
            updated_at: fresh.now,
        };
        blank.with(change, VariantMode::Replace, fresh, NullAttribute::Refused)
    }

    /// The product after an edit, its version raised.
    ///
    /// # Errors
    /// All that breaks a rule.
    pub fn edited(
        &self,
        change: ProductChange,
        mode: VariantMode,
        fresh: &Fresh,
    ) -> Result<Self, Invalid> {
        self.clone().with(change, mode, fresh, NullAttribute::Removes)
    }

    /// The product no longer on sale, its version raised; nothing when it is so already.
    #[must_use]
    pub fn archived(&self, now: Timestamp) -> Option<Self> {
        (self.status != Status::Archived).then(|| Self {
            status: Status::Archived,
            version: self.version.saturating_add(1),
            updated_at: now,
            ..self.clone()
        })
    }

    /// The SKUs of its variants.
    #[must_use]
    pub fn skus(&self) -> Vec<Sku> {
        self.variants.iter().map(|variant| variant.sku.clone()).collect()
    }

    /// Whether both say the same, apart from when and how often they were edited.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let (version, updated_at) = (self.version, self.updated_at);
        *self == Self { version, updated_at, ..other.clone() }
    }

    /// What `variant` of this product costs, if that is known.
    #[must_use]
    pub fn price_of(&self, variant: &Variant) -> Option<Money> {
        variant.own_price.or(self.default_price)
    }

    /// The lowest price of its variants, if one is known.
    #[must_use]
    pub fn lowest_price(&self) -> Option<Money> {
        let prices = self.variants.iter().filter_map(|variant| self.price_of(variant));
        prices.min_by_key(|price| price.amount)
    }

    /// What stands on an order: the product's name, with the variant's options where it has any.
    #[must_use]
    pub fn sale_name(&self, variant: &Variant) -> String {
        let value = |name| variant.options.get(name).and_then(Value::as_str);
        let values: Vec<&str> = self.options.iter().filter_map(value).collect();
        if values.is_empty() {
            self.name.clone()
        } else {
            format!("{} ({})", self.name, values.join(", "))
        }
    }

    fn with(
        mut self,
        change: ProductChange,
        mode: VariantMode,
        fresh: &Fresh,
        null: NullAttribute,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        self.set_price(change.price, change.variants.is_some(), &mut invalid);
        if let Field::Set(written) = change.attributes {
            let merged = match null {
                NullAttribute::Removes => self.attributes.patched(written, "/attributes"),
                NullAttribute::Refused => Attributes::checked(written, "/attributes"),
            };
            match merged {
                Ok(attributes) => self.attributes = attributes,
                Err(refused) => invalid.errors.extend(refused.errors),
            }
        } else if change.attributes == Field::Clear {
            self.attributes = Attributes::default();
        }
        if let Some(variants) = change.variants {
            self.set_variants(variants, mode, &fresh.variants, &mut invalid);
            self.check_distinct(&mut invalid);
        }
        self.set_options(change.options, &mut invalid);
        self.name = change.name.unwrap_or(self.name);
        self.slug = change.slug.unwrap_or(self.slug);
        self.description = change.description.applied(self.description);
        self.brand = change.brand.applied(self.brand);
        self.category_id = change.category_id.applied(self.category_id);
        self.compare_at_price = change.compare_at_price.applied(self.compare_at_price);
        self.images = change.images.unwrap_or(self.images);
        self.status = change.status.unwrap_or(self.status);
        self.fulfilment = change.fulfilment.unwrap_or(self.fulfilment);
        self.version = self.version.saturating_add(1);
        self.updated_at = fresh.now;
        self.check_saleable(&mut invalid);
        self.check_size(&mut invalid);
        invalid.finish().map(|()| self)
    }

    /// A price for the whole product. It reaches variants without one of their own; of a product with
    /// a single variant it is that variant's, and where it would reach nobody it is refused.
    fn set_price(&mut self, price: Field<Money>, with_variants: bool, invalid: &mut Invalid) {
        if price == Field::Keep {
            return;
        }
        self.default_price = price.applied(None);
        if with_variants {
            return;
        }
        if let [only] = self.variants.as_mut_slice() {
            only.own_price = None;
        } else if self.variants.iter().all(|variant| variant.own_price.is_some()) {
            let detail = "every variant has a price of its own: change it in variants";
            invalid.add("/price", detail);
        }
    }

    fn set_variants(
        &mut self,
        changes: Vec<VariantChange>,
        mode: VariantMode,
        fresh: &[VariantId],
        invalid: &mut Invalid,
    ) {
        let mut before = std::mem::take(&mut self.variants);
        if mode == VariantMode::Upsert {
            self.variants = before.clone();
        }
        for (index, change) in changes.into_iter().enumerate() {
            let kept = self.variants.iter_mut().find(|variant| variant.sku == change.sku);
            let known = before.iter().position(|variant| variant.sku == change.sku);
            match (kept, known, fresh.get(index)) {
                (Some(variant), ..) => variant.merge(change),
                (None, Some(at), _) => {
                    self.variants.push(change.into_variant(before.swap_remove(at).id));
                }
                (None, None, Some(id)) => self.variants.push(change.into_variant(*id)),
                (None, None, None) => {
                    invalid.add(format!("/variants/{index}"), "this variant was given no id");
                }
            }
        }
        if self.variants.len() > MAX_VARIANTS {
            invalid.add("/variants", format_args!("a product has 1 to {MAX_VARIANTS} variants"));
        }
    }

    fn set_options(&mut self, written: Option<Vec<String>>, invalid: &mut Invalid) {
        let complete = written.is_some();
        let declared = written.unwrap_or_else(|| std::mem::take(&mut self.options));
        let used = self
            .variants
            .iter()
            .enumerate()
            .flat_map(|(index, variant)| variant.options.keys().map(move |name| (index, name)));
        self.options = declare_options(declared, used, complete, invalid);
    }

    /// What is chosen by options is one variant. Those without any are told apart by their SKUs.
    fn check_distinct(&self, invalid: &mut Invalid) {
        for (index, variant) in self.variants.iter().enumerate() {
            let mut earlier = self.variants.iter().take(index);
            let same = earlier.find(|other| other.options == variant.options);
            if let Some(same) = same.filter(|_| !variant.options.is_empty()) {
                let detail = format_args!("{} has the same options", same.sku);
                invalid.add_as(DUPLICATE_VARIANT, format!("/variants/{index}/options"), detail);
            }
        }
    }

    /// A product is never longer than an import could take it.
    fn check_size(&self, invalid: &mut Invalid) {
        let size = ProductDocument::from(self).size();
        if size > MAX_SIZE {
            let detail = format_args!(
                "the whole product has {size} bytes as JSON, at most {MAX_SIZE} are allowed"
            );
            invalid.add_as(PRODUCT_TOO_LARGE, "", detail);
        }
    }

    fn check_saleable(&self, invalid: &mut Invalid) {
        if self.status != Status::Active {
            return;
        }
        for (index, variant) in self.variants.iter().enumerate() {
            if self.price_of(variant).is_none() {
                let detail =
                    format_args!("{} needs a price before the product is published", variant.sku);
                invalid.add(format!("/variants/{index}/price"), detail);
            }
        }
    }
}

/// What `null` means for an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NullAttribute {
    Removes,
    Refused,
}

impl Variant {
    fn merge(&mut self, change: VariantChange) {
        self.own_price = change.price.or(self.own_price);
        if let Some(options) = change.options {
            self.options = options;
        }
        if let Some(attributes) = change.attributes {
            self.attributes = attributes;
        }
    }
}

impl VariantChange {
    fn into_variant(self, id: VariantId) -> Variant {
        Variant {
            id,
            sku: self.sku,
            own_price: self.price,
            options: self.options.unwrap_or_default(),
            attributes: self.attributes.unwrap_or_default(),
        }
    }
}
