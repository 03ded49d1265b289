//! Licence keys: managers bring them, orders shows a buyer their own.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use techtrove_catalog_api::Reach;
use techtrove_core::{Problem, Sku};
use techtrove_http::{
    HttpError, Path, ProblemBody, created_json,
    idempotency::{Answer, IdempotencyKey, Idempotent, Repeatable},
};
use techtrove_identity_api::ManagerOf;
use techtrove_inventory_api::{ReservationId, SoldKeys};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ArrayBuilder, ObjectBuilder, Type},
    },
};

use super::stock::StockBody;
use crate::{
    app::{self, AddedKeys, App, KeyDelivery},
    domain::{LicenceKey, NewKeys},
};

/// Licence keys of a digital SKU.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"keys": ["7WQ2D-K9HTX-4MVBR", "P3CJN-8YF6G-ZL5SA"]}))]
pub(crate) struct KeysRequest {
    /// Each once; blanks around a key are taken away.
    keys: KeyTexts,
}

/// Licence keys as they are written.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyTexts(Vec<String>);

impl ToSchema for KeyTexts {}

impl PartialSchema for KeyTexts {
    fn schema() -> RefOr<Schema> {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(LicenceKey::MAX_LEN))
            .pattern(Some(r"^[!-~]([ -~]*[!-~])?$"));
        let keys = ArrayBuilder::new().items(key).unique_items(true);
        keys.min_items(Some(1)).max_items(Some(NewKeys::MAX)).into()
    }
}

/// The stock after licence keys were added.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedKeys)]
pub(crate) struct AddedKeysBody {
    /// How many keys were added.
    added: i64,
    #[serde(flatten)]
    stock: StockBody,
}

impl From<AddedKeys> for AddedKeysBody {
    fn from(AddedKeys { item, added }: AddedKeys) -> Self {
        Self { added, stock: item.into() }
    }
}

impl AddedKeys {
    /// Where the stock is found that they are now.
    fn location(&self) -> String {
        format!("/api/v1/inventory/{}", self.item.sku)
    }
}

impl Repeatable for AddedKeys {
    fn answer(&self) -> Result<Answer, Problem> {
        let answer = Answer::created(&self.location(), &AddedKeysBody::from(self.clone()))?;
        Ok(answer.in_version(self.item.version))
    }
}

/// Adds licence keys of a digital SKU: as many pieces more.
///
/// All are added or none. A key that comes twice in the request is 422; one that the SKU has, or had
/// before it was sold, is 409 `key_known`; both name the keys by their place. A SKU whose product is not
/// digital is 409 `stock_is_not_keys`; so is one that was stocked as goods before its product became
/// digital, until that stock is sold or counted down to 0. A manager who is limited to categories brings
/// those of their products.
#[utoipa::path(
    post, path = "/api/v1/inventory/{sku}/keys", operation_id = "add_licence_keys", tag = "inventory",
    params(
        ("sku" = Sku, Path, description = "Which SKU", example = "OS-DESKTOP-PRO"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    security(("bearer" = [])),
    request_body = KeysRequest,
    responses(
        (status = 201, body = AddedKeysBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn add(
    ManagerOf { manager, categories }: ManagerOf,
    State(app): State<App>,
    Path(sku): Path<Sku>,
    request: Idempotent<KeysRequest>,
) -> Result<Response, HttpError> {
    let key = request.key(manager.scope(), app.clock.now());
    let keys = NewKeys::parse(&request.body.keys.0).map_err(Problem::invalid)?;
    let delivery = KeyDelivery { sku, keys, editor: manager.0, reach: Reach::of(categories) };
    let outcome = app::add_keys(&app, delivery, key).await.map_err(Problem::from)?;
    outcome.respond(|made| {
        let (location, version) = (made.location(), made.item.version);
        Ok(created_json(&location, version, &AddedKeysBody::from(made)))
    })
}

/// The keys that the reservation's buyer may see.
pub(super) async fn sold(
    State(app): State<App>,
    Path(id): Path<ReservationId>,
) -> Result<axum::Json<SoldKeys>, HttpError> {
    let keys = app::list_sold_keys(&app, id).await.map_err(Problem::from)?;
    Ok(axum::Json(SoldKeys { keys }))
}
