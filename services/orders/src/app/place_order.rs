//! Places an order: price it, store it together with the idempotency claim, and drive it until the
//! buyer can be answered. The driving goes on in a task of its own, so that a buyer who hangs up
//! leaves an order that is finished, not half of one.

use std::sync::Arc;

use techtrove_core::{Problem, TypedId as _, planted};
use techtrove_db::{DbError, Tx};
use techtrove_http::idempotency::{self, Answer, Key};
use techtrove_identity_api::UserId;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;
use tokio::sync::oneshot;

use super::{
    App, Placed,
    drive::{Drive, Waiting, tell_left},
    drivers::Turn,
    earlier::answered_before,
    neighbours::{self, PaymentToken},
    sellable::sellable,
};
use crate::{
    domain::{
        Delivery, HistoryEntry, Order, OrderNumber, PaymentState,
        checkout::{self, Priced, Route, Wish},
        saga::{Hand, Saga},
    },
    error::Error,
    store::{self, CartAt, Lease, StoredSaga},
};

/// How often another number is drawn when one is taken.
const NUMBER_TRIES: usize = 5;

/// Who buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buyer {
    /// Nobody we know.
    Guest,
    /// A signed-in user.
    User(UserId),
}

/// A request to place an order.
#[derive(Clone, Debug)]
pub(crate) struct PlaceOrder {
    /// Who buys.
    pub buyer: Buyer,
    /// What.
    pub wish: Wish,
    /// The buyer's token for the means of payment.
    pub token: PaymentToken,
    /// The request's idempotency key.
    pub key: Option<Key>,
    /// The cart that is bought, as it was read.
    pub cart: Option<CartAt>,
}

/// A request at its turn.
#[derive(Debug)]
struct Placing {
    request: PlaceOrder,
    priced: Priced,
    turn: Turn,
}

/// What is stored first.
#[derive(Clone, Debug)]
struct New {
    order: Order,
    saga: StoredSaga,
    lease: Lease,
    key: Option<Key>,
    cart: Option<CartAt>,
}

/// Places the order, or gives the answer that was given for its idempotency key.
///
/// # Errors
/// Why there is no order, and whether it is certain.
pub(crate) async fn place_order(app: &Arc<App>, request: PlaceOrder) -> Result<Placed, Error> {
    let seat = app.drivers.seat()?;
    let turn = app.drivers.turn().await?;
    let priced = match price(app, &request).await {
        Ok(priced) => priced,
        Err(error) => return answered_before(app, request.key, error).await.map(Placed::again),
    };
    let expected = request.wish.expected_total.filter(|_| !planted("expected-total-ignored"));
    if expected.is_some_and(|expected| expected != priced.totals.total) {
        return refuse_price(app, request.key, &priced).await;
    }
    let (waiting, answer) = oneshot::channel();
    let driver = Arc::clone(app);
    let waiting = Waiting::new(waiting, seat);
    let placing = Placing { request, priced, turn };
    app.drivers.start(async move { begin(&driver, placing, waiting).await });
    answer.await.unwrap_or(Err(Error::Overtaken))
}

/// What the wish comes to now.
async fn price(app: &App, request: &PlaceOrder) -> Result<Priced, Error> {
    let PlaceOrder { wish, cart, .. } = request;
    let sold = sellable(app, wish.lines.iter().map(|line| &line.sku)).await?;
    let route = Route::from(&wish.delivery);
    let pointer = if cart.is_some() { "/items" } else { "/lines" };
    Ok(checkout::price(&app.config.pricing, &sold, &route, pointer, &wish.lines)?)
}

/// Refuses for good: the same request gets the same answer, whatever the price is by then.
async fn refuse_price(app: &App, key: Option<Key>, priced: &Priced) -> Result<Placed, Error> {
    metrics::counter!("orders_placed_total", "outcome" => "price_changed").increment(1);
    let refused = || Error::PriceChanged { totals: Box::new(priced.totals) };
    let Some(key) = key else { return Err(refused()) };
    let answer = Answer::refused(&Problem::from(refused()));
    let given = app.db.write("orders.refuse_price", move |tx| -> Result<_, Error> {
        let given = idempotency::claim(tx, &key)?.proceed()?;
        if given.is_none() {
            idempotency::finish(tx, &key.hash, &answer)?;
        }
        Ok(given)
    });
    given.await?.map(Placed::again).ok_or_else(refused)
}

/// Stores the order and drives it.
async fn begin(app: &App, placing: Placing, waiting: Waiting) {
    let Placing { request, priced, turn } = placing;
    let token = request.token.clone();
    let new = freeze(app, request, priced);
    if planted("step-taken-before-stored") {
        neighbours::hold(app, &new.order, 1).await;
    }
    let new = match store_new(app, new).await {
        Ok(Stored::New(new)) => new,
        Ok(Stored::Before(answer)) => return waiting.tell(Ok(Placed::again(answer))),
        Err(error) => return waiting.tell(Err(error)),
    };
    let New { order, saga, lease, .. } = Arc::unwrap_or_clone(new);
    let id = order.id;
    let drive = Drive {
        order: Arc::new(order),
        saga: saga.saga,
        claim: saga.claim,
        revision: saga.revision,
        lease,
        hand: Hand::Buyer,
        token: Some(token),
        turn: Some(turn),
        waiting: Some(waiting),
        follow_up: None,
    };
    if let Err(error) = drive.run(app).await {
        tell_left(id, error);
    }
}

/// The order with everything that will not change.
fn freeze(app: &App, request: PlaceOrder, priced: Priced) -> New {
    let PlaceOrder { buyer, wish, key, cart, .. } = request;
    let now = app.clock.now();
    let id = app.ids.next();
    let order = Order {
        id,
        number: Some(OrderNumber::from_secret(&app.ids.secret())),
        user_id: match buyer {
            Buyer::Guest => None,
            Buyer::User(id) => Some(id),
        },
        email: wish.email,
        languages: wish.languages,
        status: OrderStatus::Pending,
        refused: false,
        payment: PaymentState {
            id: app.ids.next(),
            provider: wish.provider,
            status: PaymentStatus::Unknown,
            captured: 0,
            refunded: 0,
            next_action: None,
        },
        delivery: Delivery { method: priced.shipping_method, ..wish.delivery },
        lines: priced.lines,
        totals: priced.totals,
        note: None,
        history: vec![HistoryEntry { status: OrderStatus::Pending, at: now, note: None }],
        attempt: 1,
        cancel_asked: None,
        shipments: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        version: 1,
        created_at: now,
        updated_at: now,
        cart_id: cart.map(|cart| cart.id),
        prices_include_tax: priced.prices_include_tax && !planted("tax-mode-forgotten"),
    };
    let key = key.map(|key| key.for_resource(id.uuid()));
    let claim = key.as_ref().map(|key| key.hash);
    let saga = StoredSaga { saga: Saga::begin(now), claim, revision: 0 };
    let until = now.plus(app.config.deadlines.lease);
    New { order, saga, lease: Lease { order: id, owner: app.ids.uuid(), until }, key, cart }
}

/// What storing came to.
enum Stored {
    /// The order is stored.
    New(Arc<New>),
    /// The key has an answer already.
    Before(Answer),
}

async fn store_new(app: &App, mut new: New) -> Result<Stored, Error> {
    if let Some(key) = new.key.clone().filter(|_| planted("claim-outside-transaction")) {
        let claimed = app.db.write("orders.claim", move |tx| -> Result<_, Error> {
            Ok(idempotency::claim(tx, &key)?.proceed()?)
        });
        match claimed.await? {
            Some(answer) => return Ok(Stored::Before(answer)),
            None => new.key = None,
        }
    }
    let mut new = Arc::new(new);
    for _ in 0..NUMBER_TRIES {
        let job = Arc::clone(&new);
        match app.db.write("orders.place", move |tx| job.insert(tx)).await {
            Ok(None) => return Ok(Stored::New(new)),
            Ok(Some(answer)) => return Ok(Stored::Before(answer)),
            Err(Error::Db(DbError::UniqueViolation { .. })) => {
                let number = OrderNumber::from_secret(&app.ids.secret());
                Arc::make_mut(&mut new).order.number = Some(number);
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::NoNumber)
}

impl New {
    /// The claim and its first effect, together. A cart that is not what was priced undoes both.
    fn insert(&self, tx: &mut Tx<'_>) -> Result<Option<Answer>, Error> {
        if let Some(key) = &self.key
            && let Some(answer) = idempotency::claim(tx, key)?.proceed()?
        {
            return Ok(Some(answer));
        }
        if let Some(cart) = self.cart
            && !store::take_cart(tx, cart, &self.order)?
        {
            return Err(Error::CartMoved);
        }
        store::insert_order(tx, &self.order)?;
        store::insert_saga(tx, &self.lease, &self.saga)?;
        Ok(None)
    }
}
