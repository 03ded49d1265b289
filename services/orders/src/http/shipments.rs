//! Letting parcels leave.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use techtrove_catalog_api::Reach;
use techtrove_core::{FieldError, Problem, Quantity, Sku};
use techtrove_http::{
    HttpError, Path, ProblemBody,
    idempotency::{IdempotencyKey, Idempotent},
};
use techtrove_identity_api::ManagerOf;
use techtrove_orders_api::OrderId;
use utoipa::ToSchema;

use super::texts;
use crate::{
    app::{self, App, Placed, ShipOrder},
    domain::ShownShipment,
};

/// The most lines of a parcel.
const MAX_LINES: usize = 100;

/// The longest name of a carrier and the longest number, in characters.
const MAX_CARRIER: usize = 64;
const MAX_TRACKING_NUMBER: usize = 128;

/// Ships a parcel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"carrier": "DHL", "tracking_number": "JD014600003520512398"}))]
pub(crate) struct ShipRequest {
    /// What is in it; all that is left of what ships, when absent.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 100)]
    lines: Option<Vec<PiecesRequest>>,
    /// Who carries it.
    #[schema(
        min_length = 1,
        max_length = 64,
        example = "DHL",
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    carrier: String,
    /// By which number it can be followed.
    #[schema(
        min_length = 1,
        max_length = 128,
        example = "JD014600003520512398",
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    tracking_number: String,
}

/// So many pieces of a SKU, of whichever of the order's lines.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PiecesRequest {
    /// Of what.
    sku: Sku,
    /// How many.
    quantity: Quantity,
}

impl ShipRequest {
    fn check(&self) -> Result<(), Problem> {
        let count = self.lines.as_ref().map(Vec::len);
        if count.is_some_and(|count| !(1..=MAX_LINES).contains(&count)) {
            let detail = format!("a parcel has 1 to {MAX_LINES} lines");
            return Err(Problem::invalid(vec![FieldError::new("/lines", detail)]));
        }
        texts::check("/carrier", &self.carrier, MAX_CARRIER)?;
        texts::check("/tracking_number", &self.tracking_number, MAX_TRACKING_NUMBER)
    }
}

/// Ships an order, in parts or whole. The last piece makes it `shipped`. Answers once inventory has let
/// the pieces go, or with the parcel `preparing` while it has not; then it follows. A manager who is limited
/// to categories names what is theirs, or ships orders of nothing else.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/shipments", operation_id = "ship_order", tag = "orders",
    request_body = ShipRequest,
    params(
        ("id" = OrderId, Path, description = "Which order"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "A retry with the same key and body gets the same answer."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 201, body = ShownShipment, headers(
            ("Location" = String, description = "Where the parcel is"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invalid_transition`, \
            `payment_not_captured`, `shipment_refused`, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody, description = "More than is left to be shipped, among others"),
        (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn ship(
    State(app): State<Arc<App>>,
    ManagerOf { manager, categories }: ManagerOf,
    Path(id): Path<OrderId>,
    idempotent: Idempotent<ShipRequest>,
) -> Result<Response, HttpError> {
    let key = idempotent.key(manager.scope(), app.clock.now());
    let request = idempotent.body;
    request.check()?;
    let ShipRequest { lines, carrier, tracking_number } = request;
    let pieces = |lines: Vec<PiecesRequest>| {
        lines.into_iter().map(|line| (line.sku, line.quantity)).collect()
    };
    let lines: Option<Vec<_>> = lines.map(pieces);
    app::check_parcel(&app, Reach::of(categories), id, lines.as_deref()).await?;
    let asked = ShipOrder { id, lines, carrier, tracking_number, key };
    let Placed { answer, replayed } = app::ship_order(&app, asked).await?;
    Ok(if replayed { answer.replayed() } else { answer.into_response() })
}
