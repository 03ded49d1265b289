//! Cancelling an order.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use techtrove_core::{Problem, codes};
use techtrove_http::{
    HttpError, Path, ProblemBody,
    idempotency::{IdempotencyKey, OptionalIdempotent},
    written_json,
};
use techtrove_identity_api::{Caller, Role};
use techtrove_orders_api::OrderId;
use utoipa::ToSchema;

use super::{
    orders::{OrderCaller, scope},
    texts,
};
use crate::app::{self, App, CancelOrder, Cancelled, OrderBody};

/// The longest reason, in characters: it is kept beside the words that say who cancelled.
const MAX_REASON: usize = 200;

/// Cancels an order.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelRequest {
    /// Why; for staff alone. The buyer sees it.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    reason: Option<String>,
}

/// Cancels an order, until its first piece is shipped. Answers 200 once the stock is released; void or
/// refund follow. While a step is in flight it is stored, answered with 202, and carried out when the
/// step ends; asking again meanwhile changes nothing. For an `Idempotency-Key` that came before, a refusal
/// for good is given again, and a cancellation told as it stands: 202 until it is carried out, then 200.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/cancel", operation_id = "cancel_order", tag = "orders",
    params(
        ("id" = OrderId, Path, description = "Which order"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    request_body(content = Option<CancelRequest>, description = "Nothing, `{}`, or staff's reason"),
    security(("bearer" = []), ("guest" = [])),
    responses(
        (status = 200, body = OrderBody, description = "It is cancelled",
            headers(("ETag" = String, description = "Its version and hash"))),
        (status = 202, body = OrderBody, description = "It will be, once a step in flight has its answer",
            headers(("ETag" = String, description = "Its version and hash"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`invalid_transition`, `idempotency_key_in_use`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    OrderCaller { caller, viewer }: OrderCaller,
    Path(id): Path<OrderId>,
    OptionalIdempotent(idempotent): OptionalIdempotent<CancelRequest>,
) -> Result<Response, HttpError> {
    let staff = caller.has(Role::Support);
    let viewer = app::Viewer { staff, ..viewer }.check(&app, id)?;
    let key = idempotent.key(scope(&viewer), app.clock.now());
    let request = idempotent.body;
    if let Some(reason) = &request.reason {
        if !staff {
            let detail = "only staff gives a reason";
            return Err(Problem::invalid_field("/reason", detail).into());
        }
        texts::check("/reason", reason, MAX_REASON)?;
    }
    let asked = CancelOrder { id, viewer, reason: request.reason, key };
    match app::cancel_order(&app, asked).await {
        Ok(Cancelled::Done(order)) => Ok(written_json(order.version, &OrderBody::from(&*order))),
        Ok(Cancelled::Asked(order)) => {
            let answer = written_json(order.version, &OrderBody::from(&*order));
            Ok((StatusCode::ACCEPTED, answer).into_response())
        }
        Ok(Cancelled::Refused(answer)) => Ok(answer.replayed()),
        // A manager may look at it, and must know that looking is all.
        Err(crate::error::Error::NotFound) if caller.has(Role::Manager) => {
            app::show_order(&app, id, &app::Viewer { staff: true, ..viewer_of(&caller) }).await?;
            Err(Problem::new(codes::FORBIDDEN, "this needs the role support").into())
        }
        Err(error) => Err(error.into()),
    }
}

fn viewer_of(caller: &Caller) -> app::Viewer {
    app::Viewer { user_id: caller.user_id(), staff: false, support: false, guest_token: None }
}
