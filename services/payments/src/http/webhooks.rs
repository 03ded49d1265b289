//! Providers' webhooks, signed over the bytes as they came.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{
        State,
        rejection::{BytesRejection, FailedToBufferBody},
    },
    http::HeaderMap,
};
use serde::Serialize;
use techtrove_core::{Problem, codes};
use techtrove_http::{HttpError, Json, Path, ProblemBody};
use utoipa::ToSchema;

use crate::{
    app::{self, App},
    provider::Delivery,
};

/// The largest webhook, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// The webhook has arrived.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReceivedBody {
    received: bool,
}

/// Hears a provider's webhook. It is believed in nothing: it only makes the shop ask the provider, so a
/// duplicate, a late one, or one about an unknown charge is answered in the same way.
#[utoipa::path(
    post, path = "/api/v1/payments/webhooks/{provider}",
    operation_id = "receive_payment_webhook", tag = "payments",
    request_body(content = String, content_type = "application/json"),
    params(
        ("provider" = String, Path, description = "Which provider: `sandbox` or `stripe`"),
        ("Sandbox-Signature" = Option<String>, Header,
            description = "`t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`"),
        ("Stripe-Signature" = Option<String>, Header,
            description = "The same of Stripe's, with a `v1` of each secret that is valid"),
    ),
    security(()),
    responses(
        (status = 200, body = ReceivedBody),
        (status = 400, body = ProblemBody, description = "`invalid_signature`"),
        (status = 404, body = ProblemBody, description = "No such provider"),
        (status = 413, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ReceivedBody>, HttpError> {
    let body = body.map_err(unreadable)?;
    app::hear_webhook(&app, &provider, Delivery { headers: &headers, body: &body }).await?;
    Ok(Json(ReceivedBody { received: true }))
}

fn unreadable(rejection: BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(codes::BODY_TOO_LARGE, "a webhook has at most 64 KiB")
        }
        other => {
            let detail = "the body could not be read to its end";
            Problem::new(codes::BAD_REQUEST, detail).caused_by(other)
        }
    }
}
