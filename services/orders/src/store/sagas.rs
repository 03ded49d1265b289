//! What is still to be done for each order, and who does it. A driver may store a step only while the
//! lease is its own and nobody has changed the order beside it, which the saga's revision tells; whoever
//! finds a lease that has ended, or an order that nobody drives, may take it. A saga's row is always
//! locked before its order's.

use techtrove_core::{Timestamp, planted};
use techtrove_db::{DbError, Row, Rows, Sql, Tx, p};
use techtrove_orders_api::OrderId;
use uuid::Uuid;

use super::{
    carts::follow_order,
    orders::{lookup_order, store_moved},
    refunds,
};
use crate::domain::{
    Order, Refusal,
    saga::{Change, Saga},
    step_from_word, step_word,
};

/// Sagas as `read_saga` reads them.
macro_rules! select_saga {
    ($tail:literal) => {
        concat!(
            "SELECT order_id, step, attempt, tries, asked_at, answered, refusal, claim, deadline, \
             revision FROM sagas WHERE order_id ",
            $tail
        )
    };
}

/// Those of a page of orders.
pub(super) const OF_PAGE: Rows = Rows::of("sagas", Sql::new(select_saga!("> ? AND order_id <= ?")));

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
    /// Raised by whoever changes the order beside its driver.
    pub revision: i64,
}

/// Orders that are not settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub open: u64,
    /// Since when the oldest of them may be taken.
    pub oldest_due: Option<Timestamp>,
}

/// The owner of an order that nobody drives until its time has come.
const NOBODY: Uuid = Uuid::nil();

/// Stores the first step of an order that has none.
///
/// # Errors
/// When the database fails.
pub fn insert_saga(
    tx: &mut Tx<'_>,
    lease: &Lease,
    StoredSaga { saga, claim, revision }: &StoredSaga,
) -> Result<(), DbError> {
    let refusal = refusal_json(saga)?;
    tx.execute(
        "INSERT INTO sagas (order_id, step, attempt, tries, asked_at, answered, refusal, claim, \
         lease_owner, due_at, deadline, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            saga.deadline,
            *revision,
        ],
    )?;
    Ok(())
}

/// What is still to be done for an order, if anything is.
///
/// # Errors
/// When the database fails.
pub fn lookup_saga(tx: &mut Tx<'_>, order: OrderId) -> Result<Option<StoredSaga>, DbError> {
    tx.query_opt(select_saga!("= ?"), p![order], read_saga)
}

/// What is still to be done for an order that the lease's owner drives.
///
/// # Errors
/// When the database fails.
pub fn lookup_own_saga(tx: &mut Tx<'_>, lease: &Lease) -> Result<Option<StoredSaga>, DbError> {
    tx.query_opt(select_saga!("= ? AND lease_owner = ?"), p![lease.order, lease.owner], read_saga)
}

/// What is still to be done for an order, behind its id.
pub(super) fn read_saga(row: &Row<'_>) -> Result<StoredSaga, DbError> {
    let step = row.get::<String>(1)?;
    let refusal = row.get::<Option<String>>(6)?;
    let refusal = refusal.map(|json| serde_json::from_str::<Refusal>(&json)).transpose();
    let saga = Saga {
        step: step_from_word(&step).map_err(DbError::decode)?,
        attempt: row.get(2)?,
        tries: row.get(3)?,
        asked_at: row.get(4)?,
        answered: row.get(5)?,
        deadline: row.get(8)?,
        refusal: refusal.map_err(|_| DbError::decode("unknown refusal"))?,
    };
    Ok(StoredSaga { saga, claim: row.get(7)?, revision: row.get(9)? })
}

/// A driver's hold on what it stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The lease, as it is to be renewed.
    pub lease: Lease,
    /// The revision which the driver has seen.
    pub revision: i64,
    /// How many stations the order's history had then.
    pub stations: usize,
}

/// Stores what was decided, together with the order as it is now, if the lease is still its owner's and
/// nobody changed the order beside it; renews it, or gives it up when the step has to wait. `false` when
/// it is not: then nothing was stored.
///
/// # Errors
/// When the database fails.
pub fn store_change(
    tx: &mut Tx<'_>,
    held: &Held,
    change: &Change,
    order: &Order,
) -> Result<bool, DbError> {
    let own = match &change.next {
        Some(next) => update_saga(tx, held, next, change.waits)?,
        None => delete_saga(tx, held)?,
    };
    if !own {
        return Ok(false);
    }
    if let Some((refund, until)) = change.put_off {
        refunds::put_off(tx, refund, until)?;
    }
    if change.touches_order() {
        store_moved(tx, order, change, held.stations)?;
    }
    follow_order(tx, order, change)?;
    Ok(true)
}

const UPDATE_SAGA: Sql = Sql::new(
    "UPDATE sagas SET step = ?, attempt = ?, tries = ?, asked_at = ?, answered = ?, refusal = ?, \
     deadline = ?, lease_owner = ?, due_at = ? \
     WHERE order_id = ? AND lease_owner = ? AND revision = ?",
);

/// What a planted bug does: it stores whoever drives.
const UPDATE_ANYWAY: Sql = Sql::new(
    "UPDATE sagas SET step = ?, attempt = ?, tries = ?, asked_at = ?, answered = ?, refusal = ?, \
     deadline = ?, lease_owner = ?, due_at = ? \
     WHERE order_id = ? AND ? IS NOT NULL AND ? IS NOT NULL",
);

fn update_saga(
    tx: &mut Tx<'_>,
    Held { lease, revision, .. }: &Held,
    next: &Saga,
    waits: bool,
) -> Result<bool, DbError> {
    let refusal = refusal_json(next)?;
    let matched = tx.execute(
        if planted("two-drivers") { UPDATE_ANYWAY } else { UPDATE_SAGA },
        p![
            step_word(next.step),
            next.attempt,
            next.tries,
            next.asked_at,
            next.answered,
            refusal,
            next.deadline,
            if waits { NOBODY } else { lease.owner },
            lease.until,
            lease.order,
            lease.owner,
            *revision,
        ],
    )?;
    Ok(matched == 1)
}

fn delete_saga(tx: &mut Tx<'_>, Held { lease, revision, .. }: &Held) -> Result<bool, DbError> {
    let matched = tx.execute(
        "DELETE FROM sagas WHERE order_id = ? AND lease_owner = ? AND revision = ?",
        p![lease.order, lease.owner, *revision],
    )?;
    Ok(matched == 1)
}

/// An order that is about to be changed beside its driver: nobody else changes it until this
/// transaction ends, and its driver looks at it again before it stores another step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The order.
    pub order: Order,
    /// Whether it has a step to be taken.
    pub is_open: bool,
}

/// Locks the order of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lock_order(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<Locked>, DbError> {
    let mut is_open = disturb(tx, id)?;
    let found = tx.query_opt("SELECT id FROM orders WHERE id = ? FOR UPDATE", p![id], |row| {
        row.get::<OrderId>(0)
    })?;
    if found.is_none() {
        return Ok(None);
    }
    if !is_open {
        // Somebody may have begun one while we waited for the order.
        is_open = disturb(tx, id)?;
    }
    Ok(lookup_order(tx, id)?.map(|order| Locked { order, is_open }))
}

fn disturb(tx: &mut Tx<'_>, id: OrderId) -> Result<bool, DbError> {
    let sql = "UPDATE sagas SET revision = revision + 1 WHERE order_id = ?";
    Ok(tx.execute(sql, p![id])? == 1)
}

/// Makes an order's step and its pending refunds due at once, and its driver, if it has one, look again.
/// Whether there is a step.
///
/// # Errors
/// When the database fails.
pub fn hurry(tx: &mut Tx<'_>, id: OrderId, now: Timestamp) -> Result<bool, DbError> {
    let open = disturb(tx, id)?;
    if open {
        tx.execute(
            "UPDATE sagas SET due_at = ? WHERE order_id = ? AND lease_owner = ?",
            p![now, id, NOBODY],
        )?;
        refunds::hurry(tx, id, now)?;
    }
    Ok(open)
}

/// Stores which step the lease's owner takes in the place of the one that waited.
///
/// # Errors
/// When the database fails.
pub fn turn_saga(tx: &mut Tx<'_>, lease: &Lease, turned: &Saga) -> Result<(), DbError> {
    tx.execute(
        "UPDATE sagas SET step = ?, tries = ? WHERE order_id = ? AND lease_owner = ?",
        p![step_word(turned.step), turned.tries, lease.order, lease.owner],
    )?;
    Ok(())
}

/// Takes the lease of an order that nobody drives. `false` when somebody does, or nothing is to be done.
///
/// # Errors
/// When the database fails.
pub fn take_lease(tx: &mut Tx<'_>, lease: &Lease, now: Timestamp) -> Result<bool, DbError> {
    let taken = tx.execute(
        "UPDATE sagas SET lease_owner = ?, due_at = ? \
         WHERE order_id = ? AND (lease_owner = ? OR due_at <= ?)",
        p![lease.owner, lease.until, lease.order, NOBODY, now],
    )?;
    Ok(taken == 1)
}

/// Ends the leases of the dead, all but those of orders whose buyers were not answered yet: what was asked of the
/// provider may still be on its way, so that they could be told no more than `pending`.
///
/// # Errors
/// When the database fails.
pub fn end_leases(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), DbError> {
    tx.execute(
        "UPDATE sagas SET due_at = ? WHERE lease_owner <> ? AND due_at > ? AND answered = ?",
        p![now, NOBODY, now, true],
    )?;
    Ok(())
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
    let now = if planted("two-drivers") { until } else { now };
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

fn refusal_json(saga: &Saga) -> Result<Option<String>, DbError> {
    saga.refusal.as_ref().map(serde_json::to_string).transpose().map_err(DbError::decode)
}
