//! Corrections of a SKU's count, and what moved it, for managers.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use techtrove_catalog_api::Reach;
use techtrove_core::{FieldError, Page, PageRequest, Problem, Sku, Timestamp};
use techtrove_http::{
    HttpError, Json, Path, ProblemBody, Query, created_json,
    idempotency::{Answer, IdempotencyKey, Idempotent, Repeatable},
};
use techtrove_identity_api::{Manager, ManagerOf};
use techtrove_inventory_api::{MovementId, ReservationId};
use utoipa::ToSchema;

use super::stock::StockBody;
use crate::{
    app::{self, Adjusted, Adjustment, App},
    domain::{MAX_COUNT, Movement, MovementKind, Reason},
};

/// A difference to what was thought to be there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"delta": 25, "reason": "a box was found behind the shelf"}))]
pub(crate) struct AdjustmentRequest {
    /// So many pieces more, or fewer when negative; not 0.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    delta: i64,
    /// Why, on one line.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    reason: String,
}

/// One change of `on_hand`.
#[derive(Serialize, ToSchema)]
#[schema(as = Movement)]
pub(crate) struct MovementBody {
    id: MovementId,
    kind: MovementKind,
    /// How many pieces came, or went when negative.
    delta: i64,
    /// What was in the building afterwards.
    on_hand_after: i64,
    /// In the words of whoever did it.
    reason: String,
    /// The reservation it was for; it carries the same UUID as its order.
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation_id: Option<ReservationId>,
    at: Timestamp,
}

/// The stock after a correction.
#[derive(Serialize, ToSchema)]
#[schema(as = Adjustment)]
pub(crate) struct AdjustmentBody {
    #[serde(flatten)]
    stock: StockBody,
    movement: MovementBody,
}

impl From<Movement> for MovementBody {
    fn from(movement: Movement) -> Self {
        Self {
            id: movement.id,
            kind: movement.kind,
            delta: movement.delta,
            on_hand_after: movement.on_hand_after,
            reason: movement.reason,
            reservation_id: movement.reservation,
            at: movement.created_at,
        }
    }
}

impl From<Adjusted> for AdjustmentBody {
    fn from(Adjusted { item, movement }: Adjusted) -> Self {
        Self { stock: item.into(), movement: movement.into() }
    }
}

impl Adjusted {
    /// Where its line in the ledger is found.
    fn location(&self) -> String {
        format!("/api/v1/inventory/{}/movements", self.item.sku)
    }
}

impl Repeatable for Adjusted {
    fn answer(&self) -> Result<Answer, Problem> {
        let answer = Answer::created(&self.location(), &AdjustmentBody::from(self.clone()))?;
        Ok(answer.in_version(self.item.version))
    }
}

impl AdjustmentRequest {
    /// The reason, when all values are acceptable.
    fn checked(&self) -> Result<Reason, Problem> {
        let mut errors = Vec::new();
        if self.delta == 0 || !(-MAX_COUNT..=MAX_COUNT).contains(&self.delta) {
            let detail = format!("a number from -{MAX_COUNT} to {MAX_COUNT}, and not 0");
            errors.push(FieldError::new("/delta", detail));
        }
        let reason = self.reason.parse::<Reason>();
        if let Err(invalid) = &reason {
            errors.push(FieldError::new("/reason", invalid.to_string()));
        }
        match reason {
            Ok(reason) if errors.is_empty() => Ok(reason),
            _ => Err(Problem::invalid(errors)),
        }
    }
}

/// Corrects the count of one SKU by a difference. Refused below what is held and committed
/// (`stock_reserved`), and for a digital SKU, whose stock is its licence keys (`stock_is_keys`). A manager who
/// is limited to categories corrects that of their products.
#[utoipa::path(
    post, path = "/api/v1/inventory/{sku}/adjustments", operation_id = "adjust_stock",
    tag = "inventory",
    params(
        ("sku" = Sku, Path, description = "Which SKU"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    security(("bearer" = [])),
    request_body = AdjustmentRequest,
    responses(
        (status = 201, body = AdjustmentBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn adjust(
    ManagerOf { manager, categories }: ManagerOf,
    State(app): State<App>,
    Path(sku): Path<Sku>,
    request: Idempotent<AdjustmentRequest>,
) -> Result<Response, HttpError> {
    let key = request.key(manager.scope(), app.clock.now());
    let reason = request.body.checked()?;
    let (delta, editor, reach) = (request.body.delta, manager.0, Reach::of(categories));
    let adjustment = Adjustment { sku, delta, reason, editor, reach };
    let outcome = app::adjust_stock(&app, adjustment, key).await.map_err(Problem::from)?;
    outcome.respond(|made| {
        let (location, version) = (made.location(), made.item.version);
        Ok(created_json(&location, version, &AdjustmentBody::from(made)))
    })
}

/// What moved one SKU, newest first; it sums to `on_hand`.
#[utoipa::path(
    get, path = "/api/v1/inventory/{sku}/movements", operation_id = "list_movements",
    tag = "inventory",
    params(("sku" = Sku, Path, description = "Which SKU"), PageRequest),
    security(("bearer" = [])),
    responses(
        (status = 200, body = Page<MovementBody>),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list_movements(
    _manager: Manager,
    State(app): State<App>,
    Path(sku): Path<Sku>,
    Query(page): Query<PageRequest>,
) -> Result<Json<Page<MovementBody>>, HttpError> {
    Ok(Json(app::list_movements(&app, sku, &page).await?.map(MovementBody::from)))
}
