//! What the seed decides about a run before it begins: how the shop is set up, how much is bought, and
//! which faults there will be. It must draw nothing from the world's chance, which belongs to the run.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use techtrove_orders::domain::CapturePolicy;

/// What a run may have it in for; half of the runs have it in for nothing in particular.
const FOCUS: [&str; 14] = [
    "/reservations ",
    "/commit ",
    "/release ",
    "POST /internal/payments/payments ",
    "POST /v1/charges ",
    "/reconcile ",
    "/void ",
    "/capture ",
    "/refunds ",
    "/ship ",
    "/returns ",
    "/stock ",
    "/webhooks/",
    " event ",
];

/// The plan of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// When the money is taken.
    pub capture: CapturePolicy,
    /// How many buyers come.
    pub buyers: u64,
    /// How many messages in a thousand meet each fault of the network.
    pub network: u32,
    /// Whose messages meet far more faults: those with these words.
    pub focus: Option<&'static str>,
    /// How many commits in a thousand a host does not live through.
    pub commits: u32,
    /// How many transactions in a thousand are slow.
    pub slow_disk: u32,
    /// How many pieces there are of what is scarce.
    pub scarce: u32,
    /// Whether prices include tax.
    pub taxed_within: bool,
    /// Whether the provider's webhooks never arrive.
    pub deaf: bool,
    /// Whether some services run as two processes on one database.
    pub replicated: bool,
    /// Whether banks end reservations by themselves: only where the shop is told of it, since one that nobody
    /// ships or cancels would stand for ever.
    pub lapses: bool,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        random.set_stream(1);
        let at_shipment = random.random_range(0..4) == 0;
        let plan = Self {
            capture: if at_shipment {
                CapturePolicy::Shipment
            } else {
                CapturePolicy::Confirmation
            },
            buyers: random.random_range(6..12),
            network: random.random_range(0..40),
            focus: FOCUS.get(random.random_range(0..2 * FOCUS.len())).copied(),
            commits: random.random_range(0..12),
            slow_disk: random.random_range(0..60),
            scarce: random.random_range(2..6),
            taxed_within: random.random_range(0..3) == 0,
            deaf: random.random_range(0..4) == 0,
            replicated: random.random_range(0..4) == 0,
            lapses: false,
        };
        // Where money is taken with the parcel there is something that can lapse.
        let lapses = random.random_range(0..if at_shipment { 2 } else { 6 }) == 0 && !plan.deaf;
        Self { lapses, ..plan }
    }
}
