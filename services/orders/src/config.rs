//! Orders' settings, with defaults that fit a small shop.

use std::time::Duration;

use techtrove_core::Currency;
use techtrove_http::sse::HEARTBEAT;

use crate::domain::{CapturePolicy, totals::Pricing};

/// Orders' settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the shop computes: its currency, taxes and shipping prices.
    pub pricing: Pricing,
    /// The payment providers that payments knows.
    pub payment_providers: Vec<String>,
    /// When the reserved money is taken.
    pub capture: CapturePolicy,
    /// How many orders may be driven at once; more are refused with 503.
    pub orders_in_flight: usize,
    /// How many buyers may ask for prices and stock at once. Others wait for their turn, so that the
    /// deadlines of those calls run against a short line, however many want the last piece.
    pub turns: usize,
    /// How many orders may be driven on at once after their buyer was answered, to capture or to undo;
    /// the recovery worker takes the others.
    pub follow_ups_in_flight: usize,
    /// How long a guest's cart is kept that nobody touches.
    pub carts_kept: Duration,
    /// How long after its arrival an order may be sent back.
    pub return_window: Duration,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// Whether no other process drives this database's orders, so that whoever drove one before the start is dead.
    pub alone: bool,
    /// How orders are tracked.
    pub tracking: Tracking,
}

/// How orders are tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// How many streams may be open at once in this process; more are refused with 503.
    pub streams: usize,
    /// How many of them may be of one order; more are refused with 429.
    pub streams_per_order: usize,
    /// How long a stream is silent before it says that it lives.
    pub heartbeat: Duration,
    /// How often a stream looks by itself for what other processes have changed, on average.
    pub poll: Duration,
    /// How long a ticket may wait for its use.
    pub ticket: Duration,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// How long a buyer may wait for their turn; nothing is stored yet.
    pub turn: Duration,
    /// A call of catalog or inventory.
    pub call: Duration,
    /// A call of payments, which itself waits two seconds for the provider.
    pub payment: Duration,
    /// How long a driver may be silent before another takes its order; longer than any step with its
    /// repetitions takes.
    pub lease: Duration,
    /// How long a payment may be unknown before it is given up.
    pub patience: Duration,
    /// How long a buyer may take for what the provider asks of them, such as a confirmation at their bank.
    pub action: Duration,
    /// How long an order may wait before somebody is called.
    pub alert: Duration,
    /// How often the recovery worker looks for orders whose driver is gone.
    pub poll: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pricing: Pricing::standard(Currency::USD),
            payment_providers: vec!["sandbox".to_owned()],
            capture: CapturePolicy::Confirmation,
            orders_in_flight: 1_024,
            turns: 32,
            follow_ups_in_flight: 256,
            carts_kept: Duration::from_secs(30 * 24 * 3_600),
            return_window: Duration::from_secs(30 * 24 * 3_600),
            deadlines: Deadlines::default(),
            alone: false,
            tracking: Tracking::default(),
        }
    }
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            streams: 10_000,
            streams_per_order: 32,
            heartbeat: HEARTBEAT,
            poll: Duration::from_secs(5),
            ticket: Duration::from_secs(60),
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            turn: Duration::from_secs(5),
            call: Duration::from_millis(900),
            payment: Duration::from_millis(2_500),
            lease: Duration::from_secs(8),
            patience: Duration::from_secs(15 * 60),
            action: Duration::from_secs(15 * 60),
            alert: Duration::from_secs(15 * 60),
            poll: Duration::from_millis(500),
        }
    }
}
