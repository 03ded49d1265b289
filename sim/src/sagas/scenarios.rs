//! The sagas, each as its people play it. A new saga is one more row here; a new step of one that is here,
//! a call, a commit or an event, is found by the harness when it plays it.

use futures::FutureExt as _;
use techtrove_orders::domain::CapturePolicy::{self, Confirmation, Shipment};

use super::people::{Ending, People, Play};

/// A saga.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What happens.
    pub what: &'static str,
    /// When the money is taken.
    pub capture: CapturePolicy,
    /// How it is played.
    pub play: Play,
}

const fn saga(
    name: &'static str,
    what: &'static str,
    capture: CapturePolicy,
    play: Play,
) -> Scenario {
    Scenario { name, what, capture, play }
}

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    saga("place", "goods are bought at once, and paid at once", Confirmation, |people| {
        place(people).boxed()
    }),
    saga("cart", "a cart is filled and bought", Confirmation, |people| cart(people).boxed()),
    saga("licence", "every licence key that there is is bought and told", Confirmation, |people| {
        licence(people).boxed()
    }),
    saga("out-of-stock", "more is wanted than there is", Confirmation, |people| {
        refused(people, "tok_ok", 501).boxed()
    }),
    saga("decline", "the provider declines", Confirmation, |people| {
        refused(people, "tok_declined", 2).boxed()
    }),
    saga("action", "the buyer does what their bank asks for", Confirmation, |people| {
        action(people, "succeed", ("confirmed", "captured")).boxed()
    }),
    saga("action-fails", "the buyer fails at what their bank asks for", Confirmation, |people| {
        action(people, "fail", ("payment_failed", "failed")).boxed()
    }),
    saga("expiry", "the buyer never does what their bank asks for", Confirmation, |people| {
        expiry(people).boxed()
    }),
    saga("ship", "goods are packed, leave in two parcels and arrive", Confirmation, |people| {
        ship(people).boxed()
    }),
    saga("capture-at-shipment", "the money is taken when goods leave", Shipment, |people| {
        capture_at_shipment(people).boxed()
    }),
    saga("cancel", "what was paid is cancelled", Confirmation, |people| cancel(people).boxed()),
    saga("cancel-reserved", "what is only reserved is cancelled", Shipment, |people| {
        cancel_reserved(people).boxed()
    }),
    saga("lapse", "what is only reserved lapses, and nobody ships it", Shipment, |people| {
        lapse(people).boxed()
    }),
    saga("lapse-cancelled", "what has lapsed is cancelled", Shipment, |people| {
        lapse_cancelled(people).boxed()
    }),
    saga("cancel-waiting", "what waits for its buyer is cancelled", Confirmation, |people| {
        cancel_waiting(people).boxed()
    }),
    saga("refund", "money is given back in part, and then the rest", Confirmation, |people| {
        refund(people).boxed()
    }),
    saga("refund-lost", "what was given back comes back to the provider", Confirmation, |people| {
        refund_lost(people).boxed()
    }),
    saga("refund-waits", "goods leave while a refund waits for its bank", Confirmation, |people| {
        refund_waits(people).boxed()
    }),
    saga("return-restock", "goods come back, and are sold again", Confirmation, |people| {
        send_back(people, true, 0).boxed()
    }),
    saga("return-write-off", "goods come back, and are written off", Confirmation, |people| {
        send_back(people, false, 2).boxed()
    }),
];

/// What most sagas are about.
const GOODS: [(&str, u32); 2] = [("PLENTY-1", 2), ("PLENTY-2", 1)];

/// Goes on with an order that stands; what was refused or undone ends the saga.
macro_rules! bought {
    ($placed:expr) => {
        match $placed.await? {
            Ok(bought) => bought,
            Err(ending) => return Some(ending),
        }
    };
}

async fn place(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    Some(bought.stands("confirmed", "captured", 0))
}

async fn cart(people: People) -> Option<Ending> {
    let bought = bought!(people.buy_by_cart("tok_ok", &GOODS));
    Some(bought.stands("confirmed", "captured", 0))
}

async fn licence(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &[("LICENCE-1", 12)]));
    Some(bought.stands("delivered", "captured", 0))
}

async fn refused(people: People, token: &str, quantity: u32) -> Option<Ending> {
    let bought = bought!(people.buy(token, &[("PLENTY-1", quantity)]));
    people.world.violated("what cannot be had is refused", &bought.path);
    None
}

async fn action(
    people: People,
    outcome: &str,
    (status, payment): (&'static str, &'static str),
) -> Option<Ending> {
    let bought = bought!(people.buy("tok_requires_action", &GOODS));
    people.act(&bought, outcome).await?;
    Some(bought.stands(status, payment, 0))
}

async fn expiry(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_requires_action", &GOODS));
    Some(bought.stands("cancelled", "voided", 0))
}

async fn ship(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    people.until_captured(&bought).await?;
    people.mark(&bought, "process").await?;
    people.ship(&bought, &[("PLENTY-1", 1)]).await?;
    people.ship(&bought, &[]).await?;
    people.until_shipped(&bought).await?;
    people.mark(&bought, "deliver").await?;
    Some(bought.stands("delivered", "captured", 2))
}

async fn capture_at_shipment(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    people.ship(&bought, &[]).await?;
    Some(bought.stands("shipped", "captured", 2))
}

async fn cancel(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    people.until_captured(&bought).await?;
    people.cancel(&bought).await?;
    Some(bought.stands("cancelled", "refunded", 0))
}

async fn cancel_reserved(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    people.cancel(&bought).await?;
    Some(bought.stands("cancelled", "voided", 0))
}

async fn lapse(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    people.lapse(&bought).await?;
    people.until_cancelled(&bought).await?;
    Some(bought.stands("cancelled", "voided", 0))
}

async fn lapse_cancelled(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    let (lapsed, _) = futures::join!(people.lapse(&bought), people.cancel_unless_ended(&bought));
    lapsed?;
    people.until_cancelled(&bought).await?;
    Some(bought.stands("cancelled", "voided", 0))
}

async fn cancel_waiting(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_requires_action", &GOODS));
    people.cancel(&bought).await?;
    Some(bought.stands("cancelled", "voided", 0))
}

async fn refund(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    people.until_captured(&bought).await?;
    people.refund(&bought, Some(1_000)).await?;
    people.refund(&bought, None).await?;
    Some(bought.stands("confirmed", "refunded", 0))
}

async fn refund_lost(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    people.until_captured(&bought).await?;
    people.refund(&bought, Some(1_000)).await?;
    let rest = people.refund(&bought, None).await?;
    people.end_refund(&bought, &rest, "fail").await?;
    people.until_paid(&bought, "partially_refunded").await?;
    Some(bought.stands("confirmed", "partially_refunded", 0))
}

async fn refund_waits(people: People) -> Option<Ending> {
    let bought = bought!(people.buy("tok_refund_pending", &GOODS));
    people.until_captured(&bought).await?;
    let refund = people.refund(&bought, Some(1_000)).await?;
    people.ship(&bought, &[]).await?;
    people.until_shipped(&bought).await?;
    people.end_refund(&bought, &refund, "succeed").await?;
    people.until_paid(&bought, "partially_refunded").await?;
    Some(bought.stands("shipped", "partially_refunded", 2))
}

async fn send_back(people: People, restock: bool, gone: i64) -> Option<Ending> {
    let bought = bought!(people.buy("tok_ok", &GOODS));
    people.until_captured(&bought).await?;
    people.ship(&bought, &[]).await?;
    people.until_shipped(&bought).await?;
    people.mark(&bought, "deliver").await?;
    people.send_back(&bought, &[("PLENTY-1", 2)], restock).await?;
    Some(bought.stands("delivered", "partially_refunded", gone))
}
