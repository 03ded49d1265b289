//! One payment: authorise, reconcile, capture, void, refund.

use std::sync::Arc;

use axum::extract::State;
use techtrove_http::{HttpError, Json, Path};
use techtrove_payments_api::{AuthorizeRequest, Payment, PaymentId, RefundRequest};

use crate::{
    app::{self, App, Authorization, RefundOrder},
    domain::{Secret, Terms},
    error::Error,
};

/// The longest reason of a refund, in characters.
const MAX_REASON: usize = 500;

type Answer = Result<Json<Payment>, HttpError>;

pub(super) async fn authorize(
    State(app): State<Arc<App>>,
    Json(body): Json<AuthorizeRequest>,
) -> Answer {
    let wish = authorization(body)?;
    Ok(Json(app::authorize(&app, wish).await?))
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<PaymentId>) -> Answer {
    Ok(Json(app::get_payment(&app, id).await?))
}

pub(super) async fn reconcile(State(app): State<Arc<App>>, Path(id): Path<PaymentId>) -> Answer {
    Ok(Json(app::reconcile(&app, id).await?))
}

pub(super) async fn capture(State(app): State<Arc<App>>, Path(id): Path<PaymentId>) -> Answer {
    Ok(Json(app::capture(&app, id).await?))
}

pub(super) async fn void(State(app): State<Arc<App>>, Path(id): Path<PaymentId>) -> Answer {
    Ok(Json(app::void(&app, id).await?))
}

pub(super) async fn refund(
    State(app): State<Arc<App>>,
    Path(id): Path<PaymentId>,
    Json(body): Json<RefundRequest>,
) -> Answer {
    let order = refund_order(body)?;
    Ok(Json(app::refund(&app, id, order).await?))
}

fn authorization(body: AuthorizeRequest) -> Result<Authorization, Error> {
    positive(body.amount.amount)?;
    let token = Secret::new(body.token)
        .map_err(|error| Error::Invalid { pointer: "/token", detail: error.to_string() })?;
    let terms = Terms {
        reference: body.reference,
        provider: body.provider,
        owner: body.owner,
        amount: body.amount,
    };
    Ok(Authorization { id: body.payment_id, terms, token })
}

fn refund_order(body: RefundRequest) -> Result<RefundOrder, Error> {
    positive(body.amount.amount)?;
    let fits = (1..=MAX_REASON).contains(&body.reason.chars().count());
    if !fits || body.reason.chars().any(char::is_control) {
        let detail = format!("a reason has 1 to {MAX_REASON} characters in one line");
        return Err(Error::Invalid { pointer: "/reason", detail });
    }
    Ok(RefundOrder { id: body.refund_id, amount: body.amount, reason: body.reason })
}

fn positive(amount: i64) -> Result<(), Error> {
    if amount > 0 {
        return Ok(());
    }
    Err(Error::Invalid { pointer: "/amount/amount", detail: "an amount is at least 1".to_owned() })
}
