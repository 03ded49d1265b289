//! The provider's second face: as much of Stripe's HTTP API as a shop needs, over the same books and with
//! the same faults, so that what speaks to Stripe can be tried against a stranger that fails. A charge has
//! the key under which its intent was made. What differs from the first face is Stripe's own manner:
//! forms, its words for errors, and an answer repeated for a day to whoever repeats the key.

mod answers;
mod words;

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{FromRef, Path, Query, State},
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, Uri};
use serde_json::Value;

use self::{
    answers::{Answers, Asked},
    words::{Fields, Refused, intent_body, refund_body, refunds_body},
};
use crate::{
    app::{self, App},
    domain::{Charge, Intent, Refusal, Status},
    error::Error,
    faults::Operation,
};

/// What the handlers stand on.
#[derive(Clone)]
struct Face {
    app: Arc<App>,
    answers: Answers,
}

impl FromRef<Face> for Arc<App> {
    fn from_ref(face: &Face) -> Self {
        Self::clone(&face.app)
    }
}

/// All routes.
pub(super) fn router(app: Arc<App>) -> Router {
    let face = Face { app, answers: Answers::default() };
    Router::new()
        .route("/v1/payment_intents", post(make_intent))
        .route("/v1/payment_intents/{intent}", get(show_intent))
        .route("/v1/payment_intents/{intent}/confirm", post(confirm_intent))
        .route("/v1/payment_intents/{intent}/capture", post(capture_intent))
        .route("/v1/payment_intents/{intent}/cancel", post(cancel_intent))
        .route("/v1/refunds", get(list_refunds).post(refund))
        .with_state(face)
}

impl Face {
    /// Does `work` for a call of `operation`, unless its key was answered before, and answers in Stripe's
    /// words.
    async fn answer(
        &self,
        operation: Operation,
        asked: Asked,
        work: impl Future<Output = Result<Value, Error>> + Send + 'static,
    ) -> Response {
        let (faults, silence) = self.app.misbehaviour();
        let done = faults.around(operation, silence, work);
        self.answers.once(asked, self.app.clock.now(), done).await
    }
}

async fn make_intent(
    State(face): State<Face>,
    headers: HeaderMap,
    uri: Uri,
    Form(fields): Form<Fields>,
) -> Result<Response, Refused> {
    let asked = Asked::new(&headers, &uri, &fields)?;
    let intent = Intent { key: asked.needed_key()?, money: fields.money()? };
    fields.says("capture_method", "manual")?;
    fields.says("metadata[payment_id]", intent.key.as_str())?;
    let work = async move { Ok(intent_body(&intent, None)) };
    Ok(face.answer(Operation::Intend, asked, work).await)
}

async fn show_intent(
    State(face): State<Face>,
    headers: HeaderMap,
    uri: Uri,
    Path(intent): Path<String>,
) -> Result<Response, Refused> {
    let asked = Asked::new(&headers, &uri, &Fields::default())?.every_time();
    let (app, intent) = (Arc::clone(&face.app), words::intent(&intent)?);
    let work = async move { show(&app, &intent).await };
    Ok(face.answer(Operation::Lookup, asked, work).await)
}

async fn show(app: &App, intent: &Intent) -> Result<Value, Error> {
    match app::get_charge(app, intent.key.clone()).await {
        Ok(charge) => Ok(intent_body(intent, Some(&charge))),
        Err(Error::NoSuchCharge(_)) => Ok(intent_body(intent, None)),
        Err(error) => Err(error),
    }
}

async fn confirm_intent(
    State(face): State<Face>,
    headers: HeaderMap,
    uri: Uri,
    Path(intent): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Refused> {
    let asked = Asked::new(&headers, &uri, &fields)?;
    asked.needed_key()?;
    fields.needed("return_url")?;
    let (app, intent) = (Arc::clone(&face.app), words::intent(&intent)?);
    let token = fields.payment_method()?;
    let work = async move {
        let charge = app::confirm_intent(&app, intent.clone(), token).await?;
        charged(&intent, &charge)
    };
    Ok(face.answer(Operation::Charge, asked, work).await)
}

/// A card that was declined is a refusal to whoever confirms.
fn charged(intent: &Intent, charge: &Charge) -> Result<Value, Error> {
    match charge.decline_code {
        Some(code) => Err(Error::CardDeclined(code)),
        None => Ok(intent_body(intent, Some(charge))),
    }
}

async fn capture_intent(
    State(face): State<Face>,
    headers: HeaderMap,
    uri: Uri,
    Path(intent): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Refused> {
    let asked = Asked::new(&headers, &uri, &fields)?;
    let (app, intent) = (Arc::clone(&face.app), words::intent(&intent)?);
    let work = async move {
        if app::get_charge(&app, intent.key.clone()).await?.status == Status::Captured {
            return Err(Refusal::Captured.into());
        }
        let charge = app::capture_charge(&app, intent.key.clone()).await?;
        Ok(intent_body(&intent, Some(&charge)))
    };
    Ok(face.answer(Operation::Capture, asked, work).await)
}

async fn cancel_intent(
    State(face): State<Face>,
    headers: HeaderMap,
    uri: Uri,
    Path(intent): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Refused> {
    let asked = Asked::new(&headers, &uri, &fields)?;
    let (app, intent) = (Arc::clone(&face.app), words::intent(&intent)?);
    let work = async move {
        let charge = app::cancel_charge(&app, intent.key.clone()).await?;
        Ok(intent_body(&intent, Some(&charge)))
    };
    Ok(face.answer(Operation::Void, asked, work).await)
}

async fn refund(
    State(face): State<Face>,
    headers: HeaderMap,
    uri: Uri,
    Form(fields): Form<Fields>,
) -> Result<Response, Refused> {
    let asked = Asked::new(&headers, &uri, &fields)?;
    asked.needed_key()?;
    let (app, intent) = (Arc::clone(&face.app), words::intent(fields.needed("payment_intent")?)?);
    let (refund, amount) = (fields.key("metadata[refund_id]")?, fields.amount()?);
    let work = async move {
        let (key, name) = (intent.key.clone(), refund.clone());
        let own = app::refund_again(&app, key, refund, amount).await?;
        Ok(refund_body(&intent, &own, &name, amount))
    };
    Ok(face.answer(Operation::Refund, asked, work).await)
}

async fn list_refunds(
    State(face): State<Face>,
    headers: HeaderMap,
    uri: Uri,
    Query(fields): Query<Fields>,
) -> Result<Response, Refused> {
    let asked = Asked::new(&headers, &uri, &fields)?.every_time();
    let (app, intent) = (Arc::clone(&face.app), words::intent(fields.needed("payment_intent")?)?);
    let work = async move {
        let refunds = app::list_refunds(&app, intent.key.clone()).await?;
        Ok(refunds_body(&intent, &refunds, &fields))
    };
    Ok(face.answer(Operation::ListRefunds, asked, work).await)
}
