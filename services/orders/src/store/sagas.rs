//! What is still to be done for each order, and who does it. A driver may store a step only while the
//! lease is its own; whoever finds a lease that has ended may take it.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_orders_api::OrderId;
use uuid::Uuid;

use super::{
    carts::follow_order,
    orders::{Moved, moved},
};
use crate::domain::{
    Order, Refusal,
    saga::{Change, Saga},
    step_from_word, step_word,
};

/// The right to drive one order until `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which order.
    pub order: OrderId,
    /// Who drives: one driver is one owner.
    pub owner: Uuid,
    /// When others may take it; renewed with each step.
    pub until: Timestamp,
}

/// An order's saga as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSaga {
    /// What is to be done next.
    pub saga: Saga,
    /// The idempotency key that the buyer's request claimed.
    pub claim: Option<[u8; 32]>,
}

/// Orders that are not settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub open: u64,
    /// Since when the oldest of them may be taken.
    pub oldest_due: Option<Timestamp>,
}

/// Stores the first step of a new order.
///
/// # Errors
/// When the database fails.
pub fn insert_saga(
    tx: &mut Tx<'_>,
    lease: &Lease,
    StoredSaga { saga, claim }: &StoredSaga,
) -> Result<(), DbError> {
    let refusal = refusal_json(saga)?;
    tx.execute(
        "INSERT INTO sagas (order_id, step, attempt, tries, asked_at, answered, refusal, claim, \
         lease_owner, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        p![
            lease.order,
            step_word(saga.step),
            saga.attempt,
            saga.tries,
            saga.asked_at,
            saga.answered,
            refusal,
            claim.as_ref().map(<[u8; 32]>::as_slice),
            lease.owner,
            lease.until,
        ],
    )?;
    Ok(())
}

/// What is still to be done for an order, if anything is.
///
/// # Errors
/// When the database fails.
pub fn lookup_saga(tx: &mut Tx<'_>, order: OrderId) -> Result<Option<StoredSaga>, DbError> {
    tx.query_opt(
        "SELECT step, attempt, tries, asked_at, answered, refusal, claim FROM sagas \
         WHERE order_id = ?",
        p![order],
        read_saga,
    )
}

fn read_saga(row: &Row<'_>) -> Result<StoredSaga, DbError> {
    let step = row.get::<String>(0)?;
    let refusal = row.get::<Option<String>>(5)?;
    let refusal = refusal.map(|json| serde_json::from_str::<Refusal>(&json)).transpose();
    let saga = Saga {
        step: step_from_word(&step).map_err(DbError::decode)?,
        attempt: row.get(1)?,
        tries: row.get(2)?,
        asked_at: row.get(3)?,
        answered: row.get(4)?,
        refusal: refusal.map_err(DbError::decode)?,
    };
    Ok(StoredSaga { saga, claim: row.get(6)? })
}

/// Stores what was decided, together with the order as it is now, if the lease is still its owner's;
/// renews it. `false` when it is not: then nothing was stored.
///
/// # Errors
/// When the database fails.
pub fn store_change(
    tx: &mut Tx<'_>,
    lease: &Lease,
    change: &Change,
    order: &Order,
) -> Result<bool, DbError> {
    let own = match &change.next {
        Some(next) => update_saga(tx, lease, next)?,
        None => delete_saga(tx, lease)?,
    };
    if !own {
        return Ok(false);
    }
    if change.touches_order() {
        let payment = change.payment.as_ref().map(|_| payment_json(order)).transpose()?;
        tx.execute_many(&moved(&Moved {
            order,
            has_station: change.status.is_some(),
            payment: payment.as_deref(),
            forgets_buyer: change.forgets_buyer,
        }))?;
    }
    follow_order(tx, order, change)?;
    Ok(true)
}

const UPDATE_SAGA: Sql = Sql::new(
    "UPDATE sagas SET step = ?, attempt = ?, tries = ?, asked_at = ?, answered = ?, refusal = ?, \
     due_at = ? WHERE order_id = ? AND lease_owner = ?",
);

fn update_saga(tx: &mut Tx<'_>, lease: &Lease, next: &Saga) -> Result<bool, DbError> {
    let refusal = refusal_json(next)?;
    let matched = tx.execute(
        UPDATE_SAGA,
        p![
            step_word(next.step),
            next.attempt,
            next.tries,
            next.asked_at,
            next.answered,
            refusal,
            lease.until,
            lease.order,
            lease.owner,
        ],
    )?;
    Ok(matched == 1)
}

fn delete_saga(tx: &mut Tx<'_>, lease: &Lease) -> Result<bool, DbError> {
    let matched = tx.execute(
        "DELETE FROM sagas WHERE order_id = ? AND lease_owner = ?",
        p![lease.order, lease.owner],
    )?;
    Ok(matched == 1)
}

/// Takes up to `limit` leases that ended by `now`, the oldest first, for `owner` until `until`.
///
/// # Errors
/// When the database fails.
pub fn claim_due(
    tx: &mut Tx<'_>,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Lease>, DbError> {
    let due: Vec<OrderId> = tx.query(
        "SELECT order_id FROM sagas WHERE due_at <= ? ORDER BY due_at, order_id LIMIT ? \
         FOR UPDATE SKIP LOCKED",
        p![now, limit],
        |row| row.get(0),
    )?;
    let mut leases = Vec::with_capacity(due.len());
    for order in due {
        let taken = tx.execute(
            "UPDATE sagas SET lease_owner = ?, due_at = ? WHERE order_id = ? AND due_at <= ?",
            p![owner, until, order, now],
        )?;
        if taken == 1 {
            leases.push(Lease { order, owner, until });
        }
    }
    Ok(leases)
}

/// How many orders are not settled.
///
/// # Errors
/// When the database fails.
pub fn backlog(tx: &mut Tx<'_>) -> Result<Backlog, DbError> {
    tx.query_one("SELECT COUNT(*), MIN(due_at) FROM sagas", p![], |row| {
        let open = u64::try_from(row.get::<i64>(0)?).unwrap_or(0);
        Ok(Backlog { open, oldest_due: row.get(1)? })
    })
}

fn payment_json(order: &Order) -> Result<String, DbError> {
    serde_json::to_string(&order.payment_news()).map_err(DbError::decode)
}

fn refusal_json(saga: &Saga) -> Result<Option<String>, DbError> {
    saga.refusal.as_ref().map(serde_json::to_string).transpose().map_err(DbError::decode)
}
