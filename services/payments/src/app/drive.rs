//! The way every operation takes: its question goes to the provider, and the answer, once the rules
//! have accepted it, into the books. It must never hold a transaction while it asks, and never write
//! an outcome that the provider did not tell.

use techtrove_bus::{EventContext, NewEvent};
use techtrove_core::planted;
use techtrove_db::{DbError, Tx};
use techtrove_http::current_traceparent;
use techtrove_payments_api::PaymentId;

use super::App;
use crate::{
    domain::{
        ActionOutcome, Begun, ChargeStatus, CustomerAction, Decision, Operation, OperationKind,
        OperationState, Payment, ProviderCharge, Refusal, Secret, Settlement, Told, Unsettled,
        settle,
    },
    error::Error,
    events,
    provider::{ChargeName, NoAnswer, Provider, Question},
    store,
};

/// How often a request looks again at a payment that others change at the same time.
const ROUNDS: usize = 16;

/// What came of asking the provider.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The operation has ended, and this is stored.
    Ended(Payment, OperationState),
    /// The provider has not told.
    Open(Payment),
    /// The provider has not heard of the charge, which may still be on its way to it.
    NeverArrived(Payment),
    /// The provider refused this request to authorise, for this reason; another one may still be on
    /// its way to it.
    TurnedAway(Payment, String),
    /// The provider is not known to know of the charge, so this request has not asked it for money; another
    /// one may.
    NotIntroduced(Payment),
}

/// What putting a question to the provider brought.
enum Answer {
    Told(Told),
    Silence,
    NotIntroduced,
}

/// Why the provider is asked, and what whoever asks brings along.
#[derive(Clone, Copy, Debug)]
pub(super) enum Occasion<'a> {
    /// A caller waits for the outcome.
    Request,
    /// A caller waits for the outcome of an authorisation and has the customer's token.
    Authorization(&'a Secret),
    /// The customer has acted.
    Completion(ActionOutcome),
    /// Nobody waits: the outcome was lost, or came late.
    Inquiry,
}

impl Occasion<'_> {
    /// Whether no caller gets to know the outcome of an authorisation, a void or a refund, so that an event
    /// has to tell of it.
    fn is_news(self) -> bool {
        matches!(self, Self::Completion(_) | Self::Inquiry)
    }
}

/// Asks the provider about the payment's open operation and stores what it told.
///
/// # Errors
/// [`Error::Overtaken`] when somebody else stored an end meanwhile.
pub(super) async fn ask(
    app: &App,
    mut payment: Payment,
    occasion: Occasion<'_>,
) -> Result<Outcome, Error> {
    let Some(operation) = payment.open.clone() else { return Err(Error::Overtaken) };
    let told = match put(app, &mut payment, &operation, occasion).await? {
        Answer::Silence => return Ok(Outcome::Open(payment)),
        Answer::NotIntroduced => return Ok(Outcome::NotIntroduced(payment)),
        Answer::Told(told) => told,
    };
    match settle(&payment, &operation, &told) {
        Ok(settlement) => end(app, operation, settlement, occasion).await,
        // What waits for its customer did arrive; this answer is older.
        Err(Unsettled::NotYet) if told == Told::NoSuchCharge && payment.action.is_none() => {
            Ok(Outcome::NeverArrived(payment))
        }
        Err(Unsettled::NotYet) => Ok(Outcome::Open(payment)),
        Err(Unsettled::ActionRequired(url)) => {
            let waiting = payment.awaiting_customer(url);
            await_customer(app, payment, waiting, occasion).await
        }
        Err(Unsettled::TurnedAway(code)) => Ok(Outcome::TurnedAway(payment, code)),
        Err(Unsettled::Disagreement(what)) => disagree(app, payment, &operation, what).await,
    }
}

/// The provider's word is against the books, unless it tells of what came after an end that somebody else has
/// stored meanwhile.
async fn disagree(
    app: &App,
    payment: Payment,
    operation: &Operation,
    what: &'static str,
) -> Result<Outcome, Error> {
    let id = payment.id;
    let stored = app.db.read("payments.disagree", move |tx| store::lookup(tx, id)).await?;
    let open = stored.and_then(|payment| payment.open);
    if open.is_none_or(|open| open.number != operation.number) {
        return Err(Error::Overtaken);
    }
    metrics::counter!("payments_disagreements_total").increment(1);
    tracing::error!(payment = %id, kind = operation.kind.word(), what, "the provider's books disagree");
    Ok(Outcome::Open(payment))
}

async fn put(
    app: &App,
    payment: &mut Payment,
    operation: &Operation,
    occasion: Occasion<'_>,
) -> Result<Answer, Error> {
    let key = payment.id.to_string();
    let asks_first = matches!(occasion, Occasion::Authorization(_));
    let key = if asks_first && planted("charge-without-key") {
        app.ids.next::<PaymentId>().to_string()
    } else {
        key
    };
    let provider = provider_of(app, payment)?;
    let started = tokio::time::Instant::now();
    if asks_first
        && payment.action.is_none()
        && let Err(silence) = introduce(app, provider, &key, payment).await?
    {
        note(payment, "introduce", &silence);
        return Ok(Answer::NotIntroduced);
    }
    let charge = ChargeName { key: &key, reference: payment.provider_reference.as_deref() };
    let question = question(charge, payment, operation, occasion);
    let word = question.word();
    let answer = provider.ask(question).await;
    metrics::histogram!("payments_provider_seconds", "question" => word)
        .record(started.elapsed().as_secs_f64());
    match answer {
        Ok(told) => {
            if let Told::Refused { code } = &told {
                tracing::info!(payment = %payment.id, question = word, code, "the provider refused");
            }
            Ok(Answer::Told(told))
        }
        Err(_)
            if operation.kind == OperationKind::Capture && planted("silence-taken-as-capture") =>
        {
            Ok(Answer::Told(assumed(payment, ChargeStatus::Captured)))
        }
        Err(silence) => {
            note(payment, word, &silence);
            Ok(Answer::Silence)
        }
    }
}

/// Notes that the provider has not told.
fn note(payment: &Payment, question: &'static str, silence: &NoAnswer) {
    metrics::counter!("payments_provider_silences_total", "question" => question).increment(1);
    let error = silence.with_causes();
    tracing::warn!(payment = %payment.id, question, error, "outcome unknown");
}

/// Makes the provider know of the charge and stores what it calls it, while the authorisation is open
/// still. A void that was begun before leaves nothing to store, and no money is asked for.
async fn introduce(
    app: &App,
    provider: &dyn Provider,
    key: &str,
    payment: &mut Payment,
) -> Result<Result<(), NoAnswer>, Error> {
    let authorizing = payment
        .open
        .as_ref()
        .filter(|open| open.kind == OperationKind::Authorize)
        .map(|open| open.number);
    let (Some(number), Some(terms), None) =
        (authorizing, &payment.terms, &payment.provider_reference)
    else {
        return Ok(Ok(()));
    };
    let reference = match provider.introduce(key, terms.amount).await {
        Ok(Some(reference)) => reference,
        Ok(None) => return Ok(Ok(())),
        Err(silence) => return Ok(Err(silence)),
    };
    let (id, named) = (payment.id, reference.clone());
    let stored =
        app.db.write("payments.name_charge", move |tx| store::name_charge(tx, id, number, &named));
    stored.await.map_err(Error::before_asking)?;
    payment.provider_reference = Some(reference);
    Ok(Ok(()))
}

/// What the provider has not told and a planted bug assumes.
fn assumed(payment: &Payment, status: ChargeStatus) -> Told {
    let captured = if status == ChargeStatus::Captured { payment.amount() } else { 0 };
    let amount = payment.terms.as_ref().map(|terms| terms.amount);
    let key = payment.id.to_string();
    let (decline_code, action_url) = (None, None);
    Told::Charge(ProviderCharge { key, amount, status, captured, decline_code, action_url })
}

/// Ends the payment's open operation as if the provider had told that the money is reserved, as only a
/// planted bug does.
pub(super) async fn assume_authorized(app: &App, payment: Payment) -> Result<(), Error> {
    let Some(operation) = payment.open.clone() else { return Ok(()) };
    match settle(&payment, &operation, &assumed(&payment, ChargeStatus::Authorized)) {
        Ok(settlement) => end(app, operation, settlement, Occasion::Inquiry).await.map(drop),
        Err(_) => Ok(()),
    }
}

/// Takes an old webhook about a payment that went on since for how it stands now, as only a planted bug
/// does.
pub(super) async fn assume_newest(app: &App, payment: Payment) -> Result<(), Error> {
    let (now, due) = (app.now(), app.first_retry_at());
    let begun = payment.begin(OperationKind::Authorize, now);
    let payment = begun.payment.clone();
    app.db.write("payments.assume_newest", move |tx| store::begin(tx, &begun, now, due)).await?;
    assume_authorized(app, payment).await
}

/// The customer's token is for a charge that the provider may not know yet; what they did, for one that
/// waits for it. Everything else is asked by our keys.
fn question<'a>(
    charge: ChargeName<'a>,
    payment: &Payment,
    operation: &'a Operation,
    occasion: Occasion<'a>,
) -> Question<'a> {
    let authorizing = operation.kind == OperationKind::Authorize;
    match (occasion, &payment.terms, payment.action) {
        (Occasion::Authorization(token), Some(terms), None) if authorizing => {
            Question::Authorize { charge, amount: terms.amount, token }
        }
        (Occasion::Completion(outcome), _, Some(CustomerAction::Required)) if authorizing => {
            let outcome = Some(outcome).filter(|_| !planted("refusal-at-the-bank-forgotten"));
            Question::CompleteAction { charge, outcome: outcome.unwrap_or_default() }
        }
        _ => Question::again(charge, operation, payment.currency),
    }
}

/// Notes that the provider waits for the customer, unless that is known.
async fn await_customer(
    app: &App,
    payment: Payment,
    waiting: Payment,
    occasion: Occasion<'_>,
) -> Result<Outcome, Error> {
    let (Some(open), None) = (&payment.open, payment.action) else {
        return Ok(Outcome::Open(payment));
    };
    let (now, number, stored) = (app.now(), open.number, waiting.clone());
    let news = occasion.is_news().then(|| news(app, &waiting)).flatten();
    app.db
        .write("payments.require_action", move |tx| {
            if !planted("action-not-noted") {
                store::require_action(tx, &stored, number, now)?;
            }
            record(tx, news.as_ref())
        })
        .await?;
    Ok(Outcome::Open(waiting))
}

pub(super) fn provider_of<'a>(app: &'a App, payment: &Payment) -> Result<&'a dyn Provider, Error> {
    let name = payment.terms.as_ref().map_or("", |terms| terms.provider.as_str());
    app.providers.lookup(name).ok_or_else(|| Error::NoSuchProvider { name: name.to_owned() })
}

async fn end(
    app: &App,
    operation: Operation,
    settlement: Settlement,
    occasion: Occasion<'_>,
) -> Result<Outcome, Error> {
    let now = app.now();
    let is_waited_for = operation.kind != OperationKind::Capture;
    let news =
        (is_waited_for && occasion.is_news()).then(|| news(app, &settlement.payment)).flatten();
    let (payment, state) = (settlement.payment.clone(), settlement.state);
    let kind = operation.kind.word();
    app.db
        .write("payments.end_operation", move |tx| {
            store::end(tx, operation.number, &settlement, now)?;
            record(tx, news.as_ref())
        })
        .await?;
    metrics::counter!("payments_operations_total", "kind" => kind, "state" => state.word())
        .increment(1);
    Ok(Outcome::Ended(payment, state))
}

/// What the others have to hear of the payment, with what must be known before the transaction starts.
fn news(app: &App, payment: &Payment) -> Option<(EventContext, NewEvent)> {
    Some((context(app), events::payment_changed(payment)?))
}

/// What is told around an event that is made now.
pub(super) fn context(app: &App) -> EventContext {
    EventContext::new(&*app.clock, &*app.ids).in_trace(current_traceparent())
}

fn record(tx: &mut Tx<'_>, news: Option<&(EventContext, NewEvent)>) -> Result<(), Error> {
    if let Some((context, event)) = news {
        techtrove_bus::record(tx, context, event)?;
    }
    Ok(())
}

/// Drives a request for the payment `id` until the rules have nothing left to begin or resume: `decide`
/// reads the payment and stores what it begins, in one transaction.
///
/// # Errors
/// What the rules refuse; [`Error::Overtaken`] when others kept changing the payment.
pub(super) async fn run<F>(
    app: &App,
    name: &'static str,
    occasion: Occasion<'_>,
    decide: F,
) -> Result<Outcome, Error>
where
    F: Fn(&mut Tx<'_>) -> Result<Step, Error> + Clone + Send + 'static,
{
    for _ in 0..ROUNDS {
        let step = match app.db.write(name, decide.clone()).await {
            Err(Error::Overtaken | Error::Db(DbError::UniqueViolation { .. })) => continue,
            step => step?,
        };
        let payment = match step {
            Step::Answer(payment) => return Ok(Outcome::Ended(payment, OperationState::Done)),
            Step::Ask(payment) => payment,
        };
        match ask(app, payment, occasion).await {
            // A refusal changed what may be done: the rules have the last word.
            Err(Error::Overtaken) | Ok(Outcome::Ended(_, OperationState::Refused)) => {}
            outcome => return outcome,
        }
    }
    Err(Error::Overtaken)
}

/// What the first transaction of a request found or stored.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing to do: this is the answer.
    Answer(Payment),
    /// The provider is to be asked about this payment's open operation.
    Ask(Payment),
}

/// Carries a decision out inside its transaction; `begin` makes what is to be stored.
///
/// # Errors
/// [`Error::Overtaken`] when the payment is no longer as it was read.
pub(super) fn carry_out(
    payment: Payment,
    decision: Result<Decision, Refusal>,
    begin: impl FnOnce(&Payment) -> Result<Begun, Error>,
) -> Result<Step, Error> {
    match decision? {
        Decision::Answer => Ok(Step::Answer(payment)),
        Decision::Resume => Ok(Step::Ask(payment)),
        Decision::Begin(_) => Ok(Step::Ask(begin(&payment)?.payment)),
    }
}

impl Outcome {
    /// The payment as it stands, whether or not the provider has told.
    pub(super) fn payment(self) -> Payment {
        match self {
            Self::Ended(payment, _)
            | Self::Open(payment)
            | Self::NeverArrived(payment)
            | Self::TurnedAway(payment, _)
            | Self::NotIntroduced(payment) => payment,
        }
    }

    /// The payment once the provider has told what came of the customer's action. What follows that, such
    /// as a capture, may well be open.
    ///
    /// # Errors
    /// [`Error::NotTold`] as long as it has not.
    pub(super) fn told(self) -> Result<Payment, Error> {
        match self.payment() {
            payment if payment.action == Some(CustomerAction::Completed) => Ok(payment),
            payment => ended(payment),
        }
    }

    /// The payment once its operation has ended.
    ///
    /// # Errors
    /// [`Error::NotTold`] as long as it is open, so that no caller takes silence for success.
    pub(super) fn ended(self) -> Result<Payment, Error> {
        ended(self.payment())
    }
}

fn ended(payment: Payment) -> Result<Payment, Error> {
    match &payment.open {
        Some(open) => Err(Error::NotTold { kind: open.kind }),
        None => Ok(payment),
    }
}
