//! Events that a consumer could not take, parked in its own database with everything that came
//! behind them in the same aggregate, until staff replays them. Only the aggregate waits, and only
//! for this consumer. An event must never leave this table except by having been taken.

use std::{sync::Arc, time::Duration};

use techtrove_core::Timestamp;
use techtrove_db::{Db, DbError, Row, Sql, Tx, p};
use uuid::Uuid;

use crate::{Event, HandlerError, Subscription, delivery, inbox};

/// The longest error text that is kept, in bytes.
const LONGEST_ERROR: usize = 2_000;

/// A parked event.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Who could not take it.
    pub consumer: String,
    /// The event's id.
    pub event_id: Uuid,
    /// What kind of aggregate waits.
    pub aggregate_kind: String,
    /// Which aggregate waits.
    pub aggregate_id: Uuid,
    /// The event's place in the aggregate.
    pub sequence: u64,
    /// The whole event ([`Event::from_json`]).
    pub event: String,
    /// What the last attempt said, or behind which event it waits.
    pub error: String,
    /// How often it was tried; 0 when it only waits behind another.
    pub attempts: u64,
    /// Since when it is here.
    pub parked_at: Timestamp,
}

/// What a replay did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events that were taken and are gone from the dead letters.
    pub taken: usize,
    /// What stopped an aggregate before its end, for each that stopped.
    pub errors: Vec<String>,
}

impl Replayed {
    /// How many events were tried.
    #[must_use]
    pub fn tried(&self) -> usize {
        self.taken + self.errors.len()
    }
}

/// Why an event is parked.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub(crate) error: String,
    pub(crate) attempts: u32,
    pub(crate) at: Timestamp,
}

const INSERT: Sql = Sql::new(
    "INSERT INTO dead_letters (consumer, event_id, aggregate_kind, aggregate_id, sequence, event, \
       error, attempts, parked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
);
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT consumer, event_id, aggregate_kind, aggregate_id, sequence, event, error, \
               attempts, parked_at FROM dead_letters ",
            $rest
        )
    };
}
const PAGE: Sql = Sql::new(select!(
    "WHERE consumer > ? OR (consumer = ? AND event_id > ?) ORDER BY consumer, event_id LIMIT ?"
));
const FIRST: Sql = Sql::new(select!(
    "WHERE aggregate_id = ? AND aggregate_kind = ? AND consumer = ? ORDER BY sequence LIMIT 1"
));
/// Locked, so that an event either gets behind the last parked one before a replay removes that, or
/// finds nothing parked.
const FIRST_LOCKED: Sql = Sql::new(select!(
    "WHERE aggregate_id = ? AND aggregate_kind = ? AND consumer = ? ORDER BY sequence LIMIT 1 \
     FOR UPDATE"
));
const AGGREGATES: Sql = Sql::new(
    "SELECT DISTINCT aggregate_kind, aggregate_id FROM dead_letters WHERE consumer = ? \
     ORDER BY aggregate_kind, aggregate_id",
);
const REMOVE: Sql = Sql::new("DELETE FROM dead_letters WHERE consumer = ? AND event_id = ?");
const NOTE: Sql = Sql::new(
    "UPDATE dead_letters SET error = ?, attempts = attempts + 1 WHERE consumer = ? AND event_id = ?",
);

/// At most `limit` dead letters of all consumers behind the one of this consumer and event, by consumer and
/// then in the order of the events' ids (the order in which they happened, by and large).
///
/// # Errors
/// What the database says.
pub fn list(
    tx: &mut Tx<'_>,
    after: Option<&(String, Uuid)>,
    limit: usize,
) -> Result<Vec<DeadLetter>, DbError> {
    let (consumer, event) = after.map_or(("", Uuid::nil()), |(consumer, id)| (consumer, *id));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(PAGE, p![consumer, consumer, event, limit], read)
}

/// How many events are parked.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>) -> Result<u64, DbError> {
    let count = tx.query_one("SELECT COUNT(*) FROM dead_letters", p![], |row| row.get::<i64>(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Hands the consumer its parked events again: of each aggregate, or of this one alone, in order and until
/// one fails. It stops before it has tried more than `most`.
///
/// # Errors
/// What the database says; a handler's error is part of the answer.
pub async fn replay(
    subscription: &Subscription,
    aggregate: Option<Uuid>,
    most: usize,
) -> Result<Replayed, DbError> {
    let mut replayed = Replayed::default();
    for (kind, id) in parked_aggregates(subscription).await? {
        if aggregate.is_none_or(|wanted| wanted == id) {
            replay_one(subscription, (&kind, id), most, &mut replayed).await?;
        }
    }
    Ok(replayed)
}

async fn replay_one(
    subscription: &Subscription,
    (kind, aggregate): (&str, Uuid),
    most: usize,
    replayed: &mut Replayed,
) -> Result<(), DbError> {
    while replayed.tried() < most {
        let Some(letter) = first(subscription, kind, aggregate).await? else { break };
        let (consumer, id) = (subscription.consumer, letter.event_id);
        match attempt(subscription, &letter).await {
            Ok(()) => {
                remove(&subscription.db, consumer, id).await?;
                replayed.taken += 1;
            }
            Err(error) => {
                let error = shortened(error.to_string());
                replayed.errors.push(format!("replay {kind} {aggregate}: {error}"));
                note(&subscription.db, consumer, id, error).await?;
                break;
            }
        }
    }
    Ok(())
}

async fn parked_aggregates(subscription: &Subscription) -> Result<Vec<(String, Uuid)>, DbError> {
    let consumer = subscription.consumer;
    subscription
        .db
        .read("list parked aggregates", move |tx| {
            tx.query(AGGREGATES, p![consumer], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .await
}

/// Parks `event`, so that what follows it in its aggregate meets a gap. Parking twice changes
/// nothing.
pub(crate) fn park(
    tx: &mut Tx<'_>,
    consumer: &str,
    event: &Event,
    reason: &Reason,
) -> Result<(), HandlerError> {
    inbox::hold_back(tx, consumer, event)?;
    let known = tx.query_opt(
        "SELECT attempts FROM dead_letters WHERE consumer = ? AND event_id = ?",
        p![consumer, event.id],
        |row| row.get::<i64>(0),
    )?;
    if known.is_none() {
        insert(tx, consumer, event, reason)?;
    }
    Ok(())
}

/// Parks `event` if another one of its aggregate is parked; answers whether.
pub(crate) fn park_behind(
    tx: &mut Tx<'_>,
    consumer: &str,
    event: &Event,
    at: Timestamp,
) -> Result<bool, HandlerError> {
    let place = p![event.aggregate_id, &event.aggregate_kind, consumer];
    let Some(first) = tx.query_opt(FIRST_LOCKED, place, read)? else { return Ok(false) };
    let error = format!("waits behind event {} of its aggregate", first.sequence);
    park(tx, consumer, event, &Reason { error, attempts: 0, at })?;
    Ok(true)
}

fn insert(
    tx: &mut Tx<'_>,
    consumer: &str,
    event: &Event,
    reason: &Reason,
) -> Result<(), HandlerError> {
    let sequence = inbox::stored(event.sequence)?;
    tx.execute(
        INSERT,
        p![
            consumer,
            event.id,
            &event.aggregate_kind,
            event.aggregate_id,
            sequence,
            event.to_json(),
            shortened(reason.error.clone()),
            i64::from(reason.attempts),
            reason.at
        ],
    )?;
    Ok(())
}

async fn first(
    subscription: &Subscription,
    kind: &str,
    id: Uuid,
) -> Result<Option<DeadLetter>, DbError> {
    let (consumer, kind) = (subscription.consumer, kind.to_owned());
    subscription
        .db
        .read("find first dead letter", move |tx| {
            tx.query_opt(FIRST, p![id, &kind, consumer], read)
        })
        .await
}

async fn attempt(subscription: &Subscription, letter: &DeadLetter) -> Result<(), HandlerError> {
    let event = Event::from_json(&letter.event).map_err(HandlerError::rejected)?;
    delivery::attempt(subscription, &Arc::new(event), REPLAY_DEADLINE).await
}

/// How long a handler may take for a replayed event.
const REPLAY_DEADLINE: Duration = Duration::from_secs(30);

async fn remove(db: &Db, consumer: &'static str, id: Uuid) -> Result<(), DbError> {
    db.write("remove dead letter", move |tx| tx.execute(REMOVE, p![consumer, id]).map(|_| ())).await
}

async fn note(db: &Db, consumer: &'static str, id: Uuid, error: String) -> Result<(), DbError> {
    db.write("note failed replay", move |tx| tx.execute(NOTE, p![&error, consumer, id]).map(|_| ()))
        .await
}

fn read(row: &Row<'_>) -> Result<DeadLetter, DbError> {
    Ok(DeadLetter {
        consumer: row.get(0)?,
        event_id: row.get(1)?,
        aggregate_kind: row.get(2)?,
        aggregate_id: row.get(3)?,
        sequence: u64::try_from(row.get::<i64>(4)?).unwrap_or(0),
        event: row.get(5)?,
        error: row.get(6)?,
        attempts: u64::try_from(row.get::<i64>(7)?).unwrap_or(0),
        parked_at: row.get(8)?,
    })
}

/// An error as it can be stored: not too long, and without NUL, which no database takes in text.
fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_ERROR));
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}
