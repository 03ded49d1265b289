//! The provider's second face: as much of Stripe's HTTP API as a shop needs, over the same books and with
//! the same faults, so that what speaks to Stripe can be tried against a stranger that fails. A charge has
//! the key under which its intent was made. What differs from the first face is Stripe's own manner:
//! forms, its words for errors, and an answer repeated for a day to whoever repeats the key.

mod answers;
mod words;

use std::sync::Arc;

use axum::{
    Form, RequestExt as _, Router,
    extract::{FromRequest, Path, Request},
    response::Response,
    routing::{get, post},
};
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

/// A call as every handler takes it: of somebody who may, with its fields from form or query.
struct Call {
    face: Face,
    asked: Asked,
    fields: Fields,
    /// The intent that stands in the path, if one does.
    named: Option<String>,
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

impl FromRequest<Face> for Call {
    type Rejection = Refused;

    async fn from_request(mut request: Request, face: &Face) -> Result<Self, Refused> {
        let named = request.extract_parts::<Path<String>>().await.ok().map(|Path(name)| name);
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let form = Form::<Fields>::from_request(request, face).await;
        let Form(fields) = form.map_err(|_| Refused::invalid("body"))?;
        Ok(Self { asked: Asked::new(&parts, &fields)?, face: face.clone(), fields, named })
    }
}

impl Call {
    /// The intent that it is about.
    fn intent(&self) -> Result<Intent, Refused> {
        match &self.named {
            Some(name) => words::intent(name),
            None => words::intent(self.fields.needed("payment_intent")?),
        }
    }

    /// Does `work` for a call of `operation`, unless its key was answered before, and answers in Stripe's
    /// words.
    async fn answer<W>(self, operation: Operation, work: impl FnOnce(Arc<App>) -> W) -> Response
    where
        W: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        let Face { app, answers } = self.face;
        let (faults, silence) = app.misbehaviour();
        let done = faults.around(operation, silence, work(Arc::clone(&app)));
        answers.once(self.asked, app.clock.now(), done).await
    }
}

async fn make_intent(call: Call) -> Result<Response, Refused> {
    let intent = Intent { key: call.asked.needed_key()?, money: call.fields.money()? };
    call.fields.says("capture_method", "manual")?;
    call.fields.says("metadata[payment_id]", intent.key.as_str())?;
    let work = |_: Arc<App>| async move { Ok(intent_body(&intent, None)) };
    Ok(call.answer(Operation::Intend, work).await)
}

async fn show_intent(call: Call) -> Result<Response, Refused> {
    let intent = call.intent()?;
    let work = |app: Arc<App>| async move { show(&app, &intent).await };
    Ok(call.answer(Operation::Lookup, work).await)
}

async fn show(app: &App, intent: &Intent) -> Result<Value, Error> {
    match app::get_charge(app, intent.key.clone()).await {
        Ok(charge) => Ok(intent_body(intent, Some(&charge))),
        Err(Error::NoSuchCharge(_)) => Ok(intent_body(intent, None)),
        Err(error) => Err(error),
    }
}

async fn confirm_intent(call: Call) -> Result<Response, Refused> {
    call.asked.needed_key()?;
    call.fields.needed("return_url")?;
    let (intent, token) = (call.intent()?, call.fields.payment_method()?);
    let work = |app: Arc<App>| async move {
        let charge = app::confirm_intent(&app, intent.clone(), token).await?;
        charged(&intent, &charge)
    };
    Ok(call.answer(Operation::Charge, work).await)
}

/// A card that was declined is a refusal to whoever confirms.
fn charged(intent: &Intent, charge: &Charge) -> Result<Value, Error> {
    match charge.decline_code {
        Some(code) => Err(Error::CardDeclined(code)),
        None => Ok(intent_body(intent, Some(charge))),
    }
}

async fn capture_intent(call: Call) -> Result<Response, Refused> {
    let intent = call.intent()?;
    let work = |app: Arc<App>| async move {
        if app::get_charge(&app, intent.key.clone()).await?.status == Status::Captured {
            return Err(Refusal::Captured.into());
        }
        let charge = app::capture_charge(&app, intent.key.clone()).await?;
        Ok(intent_body(&intent, Some(&charge)))
    };
    Ok(call.answer(Operation::Capture, work).await)
}

async fn cancel_intent(call: Call) -> Result<Response, Refused> {
    let intent = call.intent()?;
    let work = |app: Arc<App>| async move {
        let charge = app::cancel_charge(&app, intent.key.clone()).await?;
        Ok(intent_body(&intent, Some(&charge)))
    };
    Ok(call.answer(Operation::Void, work).await)
}

async fn refund(call: Call) -> Result<Response, Refused> {
    call.asked.needed_key()?;
    let intent = call.intent()?;
    let (refund, amount) = (call.fields.key("metadata[refund_id]")?, call.fields.amount()?);
    let work = |app: Arc<App>| async move {
        let refunded = app::refund_again(&app, intent.key.clone(), refund, amount).await?;
        Ok(refund_body(&intent, &refunded.refund))
    };
    Ok(call.answer(Operation::Refund, work).await)
}

async fn list_refunds(call: Call) -> Result<Response, Refused> {
    let (intent, fields) = (call.intent()?, call.fields.clone());
    let work = |app: Arc<App>| async move {
        let refunds = app::list_refunds(&app, intent.key.clone()).await?;
        Ok(refunds_body(&intent, &refunds, &fields))
    };
    Ok(call.answer(Operation::ListRefunds, work).await)
}
