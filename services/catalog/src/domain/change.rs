//! What somebody writes of a product, as it arrives and as it is once every value is accepted. A new
//! product, an edit and a line of an import are all the same change, so that they obey one set of
//! rules; which fields must be there is the only difference.

use serde::Deserialize;
use serde_json::{Map, Value};
use techtrove_catalog_api::{CategoryId, Fulfilment};
use techtrove_core::{Currency, Field, Money, Sku, codes};

use super::{Attributes, ImageUrl, Invalid, Slug, Status, attributes::AttributesPatch, text};

/// The longest name, in characters.
const MAX_NAME: usize = 200;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 20_000;
/// The longest brand, in characters.
const MAX_BRAND: usize = 100;
/// The most options of a product.
const MAX_OPTIONS: usize = 10;
/// The longest name or value of an option, in characters.
const MAX_OPTION: usize = 100;
/// The most variants of a product.
pub(super) const MAX_VARIANTS: usize = 100;
/// The highest price, in minor units: so low that the sum of any order can be counted.
pub(super) const MAX_PRICE: i64 = 1_000_000_000_000;

/// The face of an amount that something is sold for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Price)]
#[expect(dead_code, reason = "says how [`Money`] is written here, and is never made")]
pub struct Price {
    /// Minor units: cents of a dollar, whole yen.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    amount: i64,
    /// The shop's currency.
    currency: Currency,
}

/// Makes a product.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProduct)]
pub struct NewProductInput {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    )]
    name: String,
    /// Made of the name when absent.
    #[schema(value_type = Option<Slug>)]
    slug: Option<String>,
    #[schema(max_length = 20_000)]
    description: Option<String>,
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    )]
    brand: Option<String>,
    category_id: Option<CategoryId>,
    /// The price of variants without one of their own.
    #[schema(value_type = Option<Price>)]
    price: Option<Money>,
    #[schema(value_type = Option<Price>)]
    compare_at_price: Option<Money>,
    /// `draft` when absent. A product is active only when every variant has a price.
    status: Option<Status>,
    /// `physical` when absent.
    fulfilment: Option<Fulfilment>,
    #[schema(value_type = Option<Attributes>)]
    attributes: Option<Map<String, Value>>,
    /// The names of what the variants differ in; those that the variants use when absent.
    #[schema(max_items = 10)]
    options: Option<Vec<String>>,
    #[schema(min_items = 1, max_items = 100)]
    variants: Vec<VariantInput>,
}

/// Changes the fields that are there, as a JSON Merge Patch (RFC 7396): `null` clears a field, and
/// lists are replaced. `variants` are matched by SKU and keep their ids.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProductPatch)]
pub struct ProductInput {
    /// How it is called.
    #[serde(default)]
    #[schema(value_type = String, min_length = 1, max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
    pub name: Field<String>,
    /// Its name in addresses.
    #[serde(default)]
    #[schema(value_type = Slug)]
    pub slug: Field<String>,
    /// Paragraphs of plain text.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 20_000)]
    pub description: Field<String>,
    /// Who makes it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
    pub brand: Field<String>,
    /// Where it stands in the shop.
    #[serde(default)]
    #[schema(value_type = Option<CategoryId>)]
    pub category_id: Field<CategoryId>,
    /// The price of variants without one of their own; of a product with one variant, its price.
    #[serde(default)]
    #[schema(value_type = Option<Price>)]
    pub price: Field<Money>,
    /// A higher price to compare with.
    #[serde(default)]
    #[schema(value_type = Option<Price>)]
    pub compare_at_price: Field<Money>,
    /// A product is active only when every variant has a price.
    #[serde(default)]
    #[schema(value_type = Status)]
    pub status: Field<Status>,
    /// How it reaches the customer.
    #[serde(default)]
    #[schema(value_type = Fulfilment)]
    pub fulfilment: Field<Fulfilment>,
    /// Merged with those it has; `null` takes one away.
    #[serde(default)]
    #[schema(value_type = Option<AttributesPatch>)]
    pub attributes: Field<Map<String, Value>>,
    /// The names of what the variants differ in.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 10)]
    pub options: Field<Vec<String>>,
    /// All variants from now on.
    #[serde(default)]
    #[schema(value_type = Vec<VariantInput>, min_items = 1, max_items = 100)]
    pub variants: Field<Vec<VariantInput>>,
}

/// A variant as it is written.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VariantWrite)]
pub struct VariantInput {
    /// Unique in the shop.
    pub sku: Sku,
    /// Its own price; the product's when absent.
    #[schema(value_type = Option<Price>)]
    pub price: Option<Money>,
    /// Its value of each option.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    pub options: Option<Map<String, Value>>,
    /// What it has of its own.
    #[schema(value_type = Option<Attributes>)]
    pub attributes: Option<Map<String, Value>>,
}

/// A change whose every value is accepted by itself.
#[derive(Clone, Debug, Default)]
pub struct ProductChange {
    pub(super) name: Option<String>,
    pub(super) slug: Option<Slug>,
    pub(super) description: Field<String>,
    pub(super) brand: Field<String>,
    pub(super) category_id: Field<CategoryId>,
    pub(super) price: Field<Money>,
    pub(super) compare_at_price: Field<Money>,
    pub(super) status: Option<Status>,
    pub(super) fulfilment: Option<Fulfilment>,
    pub(super) attributes: Field<Map<String, Value>>,
    pub(super) options: Option<Vec<String>>,
    pub(super) variants: Option<Vec<VariantChange>>,
    /// Comes with an import alone.
    pub(super) images: Option<Vec<ImageUrl>>,
}

/// A variant of a [`ProductChange`]; what it leaves out is decided where it is applied.
#[derive(Clone, Debug)]
pub struct VariantChange {
    pub(super) sku: Sku,
    pub(super) price: Option<Money>,
    pub(super) options: Option<Map<String, Value>>,
    pub(super) attributes: Option<Attributes>,
}

impl From<NewProductInput> for ProductInput {
    fn from(new: NewProductInput) -> Self {
        Self {
            name: Field::Set(new.name),
            slug: new.slug.into(),
            description: new.description.into(),
            brand: new.brand.into(),
            category_id: new.category_id.into(),
            price: new.price.into(),
            compare_at_price: new.compare_at_price.into(),
            status: new.status.into(),
            fulfilment: new.fulfilment.into(),
            attributes: new.attributes.into(),
            options: new.options.into(),
            variants: Field::Set(new.variants),
        }
    }
}

impl ProductInput {
    /// The change, when every value is acceptable by itself in a shop of this `currency`.
    ///
    /// # Errors
    /// All values that are not.
    pub fn checked(self, currency: Currency) -> Result<ProductChange, Invalid> {
        let mut invalid = Invalid::default();
        let name = self.name.required().map_err(str::to_owned).and_then(|name| {
            name.map(|name| text::line(&name, MAX_NAME)).transpose().map_err(|e| e.to_string())
        });
        let slug = self.slug.required().map_err(str::to_owned).and_then(|slug| {
            slug.map(|slug| slug.parse::<Slug>()).transpose().map_err(|e| e.to_string())
        });
        let change = ProductChange {
            name: invalid.take("/name", name).flatten(),
            slug: invalid.take("/slug", slug).flatten(),
            description: check_description(self.description, &mut invalid),
            brand: invalid
                .take("/brand", self.brand.try_map(|brand| text::line(&brand, MAX_BRAND)))
                .unwrap_or_default(),
            category_id: self.category_id,
            price: check_price(self.price, currency, "/price", &mut invalid),
            compare_at_price: check_price(
                self.compare_at_price,
                currency,
                "/compare_at_price",
                &mut invalid,
            ),
            status: invalid.take("/status", self.status.required()).flatten(),
            fulfilment: invalid.take("/fulfilment", self.fulfilment.required()).flatten(),
            attributes: self.attributes,
            options: check_options(self.options, &mut invalid),
            variants: check_variants(self.variants, currency, &mut invalid),
            images: None,
        };
        invalid.finish().map(|()| change)
    }
}

impl ProductChange {
    /// The SKUs that the change names, in its order.
    pub fn skus(&self) -> impl Iterator<Item = &Sku> {
        self.variants.iter().flatten().map(|variant| &variant.sku)
    }

    /// The slug that the change asks for, if it does.
    #[must_use]
    pub fn slug(&self) -> Option<&Slug> {
        self.slug.as_ref()
    }

    /// The slug that a new product would get of it, were all free: made of the name where none is asked for.
    #[must_use]
    pub fn slug_of_new(&self) -> Slug {
        let name = self.name.as_deref().unwrap_or_default();
        self.slug.clone().unwrap_or_else(|| Slug::from_name(name, "product"))
    }

    /// The category that the change moves the product to, if it does.
    #[must_use]
    pub fn category_id(&self) -> Option<CategoryId> {
        match self.category_id {
            Field::Set(id) => Some(id),
            Field::Keep | Field::Clear => None,
        }
    }

    /// The same change, moving the product to this category.
    #[must_use]
    pub fn into_category(self, id: CategoryId) -> Self {
        Self { category_id: Field::Set(id), ..self }
    }

    /// The same change, giving the product these pictures.
    #[must_use]
    pub fn with_images(self, images: Vec<ImageUrl>) -> Self {
        Self { images: Some(images), ..self }
    }
}

fn check_description(description: Field<String>, invalid: &mut Invalid) -> Field<String> {
    match description.try_map(|written| text::paragraphs(&written, MAX_DESCRIPTION)) {
        Ok(Field::Set(Some(description))) => Field::Set(description),
        Ok(Field::Set(None) | Field::Clear) => Field::Clear,
        Ok(Field::Keep) => Field::Keep,
        Err(detail) => {
            invalid.add("/description", detail);
            Field::Keep
        }
    }
}

fn check_price(
    price: Field<Money>,
    currency: Currency,
    pointer: &str,
    invalid: &mut Invalid,
) -> Field<Money> {
    if let Field::Set(price) = price {
        check_money(price, currency, pointer, invalid);
    }
    price
}

fn check_money(price: Money, currency: Currency, pointer: &str, invalid: &mut Invalid) {
    if price.currency != currency {
        let detail = format_args!("the shop's currency is {currency}");
        invalid.add_as(codes::CURRENCY_MISMATCH, format!("{pointer}/currency"), detail);
    }
    // Nothing is sold for nothing: no payment provider takes an amount of zero.
    if !(1..=MAX_PRICE).contains(&price.amount) {
        let detail = format_args!("an amount is a whole number of minor units, 1 to {MAX_PRICE}");
        invalid.add(format!("{pointer}/amount"), detail);
    }
}

fn check_options(options: Field<Vec<String>>, invalid: &mut Invalid) -> Option<Vec<String>> {
    let options = match options {
        Field::Keep => return None,
        Field::Clear => Vec::new(),
        Field::Set(options) => options,
    };
    if options.len() > MAX_OPTIONS {
        invalid.add("/options", format_args!("at most {MAX_OPTIONS} options are allowed"));
        return None;
    }
    for (index, name) in options.iter().enumerate() {
        let pointer = format!("/options/{index}");
        if !is_option_text(name) {
            invalid.add(&pointer, text::InvalidText::Line(MAX_OPTION));
        }
        if options.iter().take(index).any(|earlier| earlier == name) {
            invalid.add(&pointer, "this option is named twice");
        }
    }
    Some(options)
}

fn is_option_text(written: &str) -> bool {
    text::line(written, MAX_OPTION).is_ok_and(|line| line == written)
}

fn check_variants(
    variants: Field<Vec<VariantInput>>,
    currency: Currency,
    invalid: &mut Invalid,
) -> Option<Vec<VariantChange>> {
    let written = invalid.take("/variants", variants.required()).flatten()?;
    if !(1..=MAX_VARIANTS).contains(&written.len()) {
        invalid.add("/variants", format_args!("a product has 1 to {MAX_VARIANTS} variants"));
        return None;
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut checked = Vec::with_capacity(written.len());
    for (index, variant) in written.into_iter().enumerate() {
        let pointer = format!("/variants/{index}");
        if !seen.insert(variant.sku.clone()) {
            invalid.add(format!("{pointer}/sku"), "this SKU stands here twice");
        }
        checked.push(check_variant(variant, currency, &pointer, invalid));
    }
    Some(checked)
}

fn check_variant(
    variant: VariantInput,
    currency: Currency,
    pointer: &str,
    invalid: &mut Invalid,
) -> VariantChange {
    if let Some(price) = variant.price {
        check_money(price, currency, &format!("{pointer}/price"), invalid);
    }
    for (name, value) in variant.options.iter().flatten() {
        if !is_option_text(name) || !value.as_str().is_some_and(is_option_text) {
            let detail =
                "names and values of options are texts of 1 to 100 characters, on one line";
            invalid.add(format!("{pointer}/options"), detail);
        }
    }
    let attributes = variant.attributes.and_then(|written| {
        Attributes::checked(written, &format!("{pointer}/attributes"))
            .map_err(|refused| invalid.errors.extend(refused.errors))
            .ok()
    });
    VariantChange { sku: variant.sku, price: variant.price, options: variant.options, attributes }
}

/// The options of a product whose variants use `used`: the `declared` ones and, where the write does
/// not say them all itself, the others in the order of their first use.
pub(super) fn declare_options<'a>(
    mut declared: Vec<String>,
    used: impl Iterator<Item = (usize, &'a String)>,
    complete: bool,
    invalid: &mut Invalid,
) -> Vec<String> {
    for (variant, name) in used {
        if declared.contains(name) {
            continue;
        }
        if complete {
            let detail = format_args!("the product has no option {name:?}");
            invalid.add(format!("/variants/{variant}/options"), detail);
            continue;
        }
        declared.push(name.clone());
    }
    if declared.len() > MAX_OPTIONS {
        invalid.add("/options", format_args!("at most {MAX_OPTIONS} options are allowed"));
    }
    declared
}
