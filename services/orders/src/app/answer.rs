//! An order as its buyer sees it. The answer to a request is made here, inside the use case, since it
//! is stored for the idempotency key in the transaction which makes it true.

use serde::Serialize;
use techtrove_catalog_api::{Fulfilment, ProductId, VariantId};
use techtrove_core::{EmailAddress, Money, Problem, Quantity, Sku, Timestamp};
use techtrove_http::idempotency::Answer;
use techtrove_identity_api::{GuestKey, GuestSubject};
use techtrove_orders_api::{LicenceKey, OrderId, OrderStatus, ReturnId, ReturnStatus, Totals};
use techtrove_payments_api::{NextAction, PaymentId, PaymentStatus, RefundId};
use utoipa::ToSchema;

use crate::{
    domain::{
        Address, HistoryEntry, InvalidTransition, Line, Order, Refund, RefundStatus, Return,
        Shipment, ShipmentStatus, ShownPieces, ShownShipment, Withdrawal, saga::Change,
    },
    error::Error,
};

/// An order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderBody {
    /// Which order.
    pub id: OrderId,
    /// Its number for people; absent for an attempt that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "TT-7K2M9QX4VB")]
    pub number: Option<String>,
    /// Where it stands.
    pub status: OrderStatus,
    /// Its payment.
    pub payment: PaymentBody,
    /// Where the newest return stands; `none` without one.
    pub return_status: OrderReturnStatus,
    /// What was bought.
    pub lines: Vec<LineBody>,
    /// What it costs.
    pub totals: Totals,
    /// Where confirmations go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// How goods travel; absent when nothing ships.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_method: Option<String>,
    /// Where goods go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<Address>,
    /// Where the bill goes, when it is not the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<Address>,
    /// What the buyer had to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The licence keys that were revealed, where an order is shown to its buyer or support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence_keys: Option<Vec<LicenceKey>>,
    /// The parcels that have left.
    pub shipments: Vec<ShownShipment>,
    /// What its buyer sends back.
    pub returns: Vec<ReturnBody>,
    /// What is given back, or was to be.
    pub refunds: Vec<RefundBody>,
    /// What became of it, from the beginning.
    pub history: Vec<HistoryBody>,
    /// Raised by edits only.
    pub version: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The payment of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrderPayment)]
pub struct PaymentBody {
    /// Which payment.
    pub id: PaymentId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What the buyer has to do, while the status is `requires_action`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_action: Option<NextAction>,
}

/// Money given back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundBody {
    /// Which refund.
    pub id: RefundId,
    /// Of which order.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Where it stands: `succeeded`, `failed`, or `pending` as long as nobody can tell.
    pub status: RefundStatus,
    /// Why the provider did not make it; shown to staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "expired_or_canceled_card")]
    pub failure_code: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// Where the newest return of an order stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderReturnStatus {
    /// Nothing was asked to be sent back.
    None,
    /// It is asked for.
    Requested,
    /// The buyer may send it.
    Approved,
    /// The buyer keeps it.
    Rejected,
    /// It is back.
    Received,
}

/// What a buyer sends back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Return)]
pub struct ReturnBody {
    /// Which return.
    pub id: ReturnId,
    /// Of which order.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: ReturnStatus,
    /// What is in it.
    pub lines: Vec<ShownPieces>,
    /// Why.
    pub reason: String,
    /// Whether it can be sold again, once it is received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restock: Option<bool>,
    /// The money given back for it; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundBody>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One line of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub struct LineBody {
    /// What was bought.
    pub sku: Sku,
    /// Its product.
    pub product_id: ProductId,
    /// Its variant.
    pub variant_id: VariantId,
    /// Its name when it was bought.
    pub name: String,
    /// How it reaches the buyer.
    pub fulfilment: Fulfilment,
    /// How many pieces.
    pub quantity: Quantity,
    /// How many of them have left the building.
    pub shipped: u32,
    /// How many of those are on their way back, or back.
    pub returned: u32,
    /// The price of one piece.
    pub unit_price: Money,
    /// The price of all pieces, without tax.
    pub total: Money,
}

/// One station of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryBody {
    /// Where it stood from then on.
    pub status: OrderStatus,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<&Order> for OrderBody {
    fn from(order: &Order) -> Self {
        let delivery = &order.delivery;
        Self {
            id: order.id,
            number: order.number.as_ref().map(ToString::to_string),
            status: order.status,
            payment: PaymentBody {
                id: order.payment.id,
                status: order.payment.status,
                next_action: order.payment.next_action.clone(),
            },
            return_status: OrderReturnStatus::of(order.returns.last()),
            lines: order.lines.iter().map(LineBody::from).collect(),
            totals: order.totals,
            email: order.email.clone(),
            shipping_method: delivery.method.clone(),
            shipping_address: delivery.shipping_address.clone(),
            billing_address: delivery.billing_address.clone(),
            note: order.note.clone(),
            licence_keys: None,
            shipments: order
                .shipments
                .iter()
                .filter(|shipment| shipment.status == ShipmentStatus::Shipped)
                .map(|shipment| shipment.shown(order))
                .collect(),
            returns: order.returns.iter().map(|back| ReturnBody::of(order, back)).collect(),
            refunds: RefundBody::all(order, false),
            history: order.history.iter().map(HistoryBody::from).collect(),
            version: order.version,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

impl From<&Line> for LineBody {
    fn from(line: &Line) -> Self {
        Self {
            sku: line.sku.clone(),
            product_id: line.product_id,
            variant_id: line.variant_id,
            name: line.name.clone(),
            fulfilment: line.fulfilment,
            quantity: line.quantity,
            shipped: line.shipped,
            returned: line.returned,
            unit_price: line.unit_price,
            total: line.total,
        }
    }
}

impl OrderReturnStatus {
    fn of(newest: Option<&Return>) -> Self {
        match newest.map(|back| back.status) {
            None => Self::None,
            Some(ReturnStatus::Requested) => Self::Requested,
            Some(ReturnStatus::Approved) => Self::Approved,
            Some(ReturnStatus::Rejected) => Self::Rejected,
            Some(ReturnStatus::Received) => Self::Received,
        }
    }
}

impl ReturnBody {
    /// A return of this order as clients see it.
    pub(super) fn of(order: &Order, back: &Return) -> Self {
        let refund = order.refunds.iter().find(|refund| Some(refund.id) == back.refund);
        Self {
            id: back.id,
            order_id: order.id,
            status: back.status,
            lines: ShownPieces::of(order, &back.pieces),
            reason: back.reason.clone(),
            restock: back.restock,
            refund: refund.map(|refund| RefundBody::of(order, refund)),
            created_at: back.created_at,
            updated_at: back.updated_at,
        }
    }
}

impl RefundBody {
    fn of(order: &Order, refund: &Refund) -> Self {
        Self {
            id: refund.id,
            order_id: order.id,
            amount: Money::new(refund.amount, order.totals.total.currency),
            reason: refund.reason.clone(),
            status: refund.status,
            failure_code: None,
            created_at: refund.created_at,
        }
    }

    /// The refunds of this order as staff sees them, or its buyer.
    pub(crate) fn all(order: &Order, staff: bool) -> Vec<Self> {
        let shown = |refund: &Refund| {
            let failure_code = refund.failure_code.clone().filter(|_| staff);
            Self { failure_code, ..Self::of(order, refund) }
        };
        order.refunds.iter().map(shown).collect()
    }
}

impl From<&HistoryEntry> for HistoryBody {
    fn from(entry: &HistoryEntry) -> Self {
        Self { status: entry.status, at: entry.at, note: entry.note.clone() }
    }
}

/// The answer to a request to place an order.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    /// The answer, without the guest's token.
    pub answer: Answer,
    /// Whether it was given before.
    pub replayed: bool,
}

impl Placed {
    /// An answer given for the first time.
    pub(super) fn new(answer: Answer) -> Self {
        Self { answer, replayed: false }
    }

    /// An answer given before.
    pub(super) fn again(answer: Answer) -> Self {
        Self { answer, replayed: true }
    }
}

/// The answer to whoever placed the order, as it is stored: without the guest's token.
pub(super) fn placed(order: &Order) -> Result<Answer, Error> {
    use techtrove_core::TypedId as _;
    let location = format!("/api/v1/orders/{}", order.id);
    let mut answer = Answer::created(&location, &OrderBody::from(order))?;
    answer.resource = Some(order.id.uuid());
    Ok(answer)
}

/// The answer to whoever asked for the refund, as it stands.
///
/// # Errors
/// When it cannot be written; [`Error::RefundRefused`] inside, when that is the answer.
pub(super) fn refund(order: &Order, refund: &Refund) -> Result<Result<Answer, Error>, Error> {
    if refund.status == RefundStatus::Failed {
        return Ok(Err(Error::RefundRefused { code: refund.failure_code.clone() }));
    }
    let location = format!("/api/v1/orders/{}#{}", order.id, refund.id);
    Ok(Ok(Answer::created(&location, &RefundBody::of(order, refund))?))
}

/// The answer to whoever asked for the return, which is one of the order's.
///
/// # Errors
/// When it cannot be written.
pub(super) fn asked_return(order: &Order, id: ReturnId) -> Result<Answer, Problem> {
    let back = order.returns.iter().find(|back| back.id == id).ok_or(Error::NotFound)?;
    let location = format!("/api/v1/orders/{}#{id}", order.id);
    Answer::created(&location, &ReturnBody::of(order, back))
}

/// The answer to whoever asked for the parcel, as it stands.
///
/// # Errors
/// When it cannot be written; why the parcel never left inside, when that is the answer.
pub(super) fn shipment(order: &Order, shipment: &Shipment) -> Result<Result<Answer, Error>, Error> {
    if let Some(why) = shipment.withdrawn_for {
        let to = OrderStatus::Shipped;
        return Ok(Err(match why {
            Withdrawal::Cancelled => InvalidTransition { from: OrderStatus::Cancelled, to }.into(),
            Withdrawal::NotCaptured => Error::NotCaptured,
            Withdrawal::Stock => Error::ShipmentRefused,
        }));
    }
    let location = format!("/api/v1/orders/{}#{}", order.id, shipment.id);
    Ok(Ok(Answer::created(&location, &shipment.shown(order))?))
}

/// The final answers to those whose refund or parcel has come to its end, by their idempotency keys.
///
/// # Errors
/// When one cannot be written.
pub(super) fn asked_for(order: &Order, change: &Change) -> Result<Vec<([u8; 32], Answer)>, Error> {
    let mut answers = Vec::new();
    for ended in change.refunds.iter().filter(|one| one.status != RefundStatus::Pending) {
        if let Some(key) = ended.claim {
            answers.push((key, finally(refund(order, ended)?)));
        }
    }
    for ended in change.shipments.iter().filter(|one| one.status != ShipmentStatus::Preparing) {
        if let Some(key) = ended.claim {
            answers.push((key, finally(shipment(order, ended)?)));
        }
    }
    Ok(answers)
}

/// The answer to whoever asked for a refund that waits for its bank, once they have surely stopped waiting: they
/// may be gone without one, and their key would be in use until the bank decides.
///
/// # Errors
/// When it cannot be written.
pub(super) fn waiting_for(
    order: &Order,
    id: RefundId,
    now: Timestamp,
) -> Result<Option<([u8; 32], Answer)>, Error> {
    let waiting = order.refunds.iter().find(|one| one.id == id && one.has_waited_long(now));
    let Some((waiting, key)) = waiting.and_then(|one| Some((one, one.claim?))) else {
        return Ok(None);
    };
    Ok(Some((key, finally(refund(order, waiting)?))))
}

/// What a key is answered from now on.
pub(super) fn finally(answer: Result<Answer, Error>) -> Answer {
    answer.unwrap_or_else(|error| Answer::refused(&Problem::from(error)))
}

/// The answer with the token by which its guest may see the order, as the last member of the body.
pub(crate) fn with_guest_token(mut answer: Answer, key: &GuestKey) -> Answer {
    if let Some(order) = answer.resource
        && answer.body.pop_if(|last| *last == b'}').is_some()
    {
        // The token is base64url: nothing in it needs escaping.
        let token = key.token(GuestSubject::Order(order));
        let member = format!(",\"guest_token\":\"{token}\"}}");
        answer.body.extend_from_slice(member.as_bytes());
    }
    answer
}
