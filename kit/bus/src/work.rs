//! What a relay has under way, each kind in its place: deliveries, pauses, and at most one reading,
//! one marking, one renewal and one count at a time. It must never be polled from two tasks;
//! [`crate::relay`] decides what is put in and what follows from what comes out.

use std::time::Duration;

use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, pending},
    stream::FuturesUnordered,
};
use techtrove_core::Timestamp;
use techtrove_db::DbError;

use crate::{
    delivery::Verdict,
    lanes::LaneKey,
    leases::Held,
    outbox::{Batch, Unpublished},
};

/// Something that came to its end.
pub(crate) enum Turn {
    Delivered { lane: LaneKey, verdict: Verdict },
    Awake(LaneKey),
    Gathered,
    Read(Result<Batch, DbError>),
    Marked { positions: Vec<i64>, result: Result<(), DbError> },
    MarkDue,
    Renewed { held: Result<Held, DbError>, until: Timestamp },
    RenewalDue,
    Counted(Result<Unpublished, DbError>),
}

/// At most one future of a kind.
pub(crate) struct Slot(Option<BoxFuture<'static, Turn>>);

impl Slot {
    pub(crate) fn is_free(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn put(&mut self, future: impl Future<Output = Turn> + Send + 'static) {
        self.0 = Some(future.boxed());
    }

    /// Comes back after `pause` with `turn`.
    pub(crate) fn put_timer(&mut self, pause: Duration, turn: Turn) {
        self.put(async move {
            tokio::time::sleep(pause).await;
            turn
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }

    async fn next(&mut self) -> Turn {
        match &mut self.0 {
            None => pending().await,
            Some(future) => {
                let turn = future.await;
                self.0 = None;
                turn
            }
        }
    }
}

/// Everything under way.
pub(crate) struct Work {
    pub(crate) deliveries: FuturesUnordered<BoxFuture<'static, Turn>>,
    pub(crate) pauses: FuturesUnordered<BoxFuture<'static, Turn>>,
    pub(crate) gathering: Slot,
    pub(crate) read: Slot,
    pub(crate) mark: Slot,
    pub(crate) mark_timer: Slot,
    pub(crate) renewal: Slot,
    pub(crate) count: Slot,
}

impl Work {
    pub(crate) fn new() -> Self {
        Self {
            deliveries: FuturesUnordered::new(),
            pauses: FuturesUnordered::new(),
            gathering: Slot(None),
            read: Slot(None),
            mark: Slot(None),
            mark_timer: Slot(None),
            renewal: Slot(None),
            count: Slot(None),
        }
    }

    /// Whether no event is being read, delivered or marked.
    pub(crate) fn is_quiet(&self) -> bool {
        self.deliveries.is_empty()
            && self.pauses.is_empty()
            && self.read.is_free()
            && self.mark.is_free()
            && self.mark_timer.is_free()
    }

    pub(crate) fn pause(&mut self, lane: LaneKey, pause: Duration) {
        self.pauses.push(
            async move {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                Turn::Awake(lane)
            }
            .boxed(),
        );
    }

    /// The next thing that ends; never, while nothing is under way. Dropping the future loses
    /// nothing.
    pub(crate) async fn next(&mut self) -> Turn {
        tokio::select! {
            biased;
            turn = self.renewal.next() => turn,
            turn = self.gathering.next() => turn,
            turn = self.read.next() => turn,
            turn = self.mark.next() => turn,
            turn = self.mark_timer.next() => turn,
            turn = self.count.next() => turn,
            Some(turn) = self.pauses.next() => turn,
            Some(turn) = self.deliveries.next() => turn,
        }
    }
}
