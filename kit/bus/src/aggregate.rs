//! What events happen to: one aggregate is one thing with one history. Its partition must never
//! change between versions of the program, because replicas and brokers share the work by it.

use techtrove_core::TypedId;
use uuid::Uuid;

/// Into how many partitions aggregates are spread; a broker has one ordered stream for each.
pub const PARTITIONS: u8 = 64;

/// One aggregate, as its owner names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateRef {
    /// What kind of thing it is: `orders.order`; at most 64 ASCII characters.
    pub kind: &'static str,
    /// Which one.
    pub id: Uuid,
}

impl AggregateRef {
    /// The aggregate of `kind` with the typed id `id`.
    #[must_use]
    pub fn new(kind: &'static str, id: impl TypedId) -> Self {
        Self { kind, id: id.uuid() }
    }
}

/// One aggregate, as it was read from a row or a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AggregateKey {
    pub(crate) kind: String,
    pub(crate) id: Uuid,
}

/// The partition of an aggregate: FNV-1a (64 bits) over its kind and id, modulo [`PARTITIONS`].
pub(crate) fn partition_of(kind: &str, id: Uuid) -> u8 {
    let hash = kind
        .as_bytes()
        .iter()
        .chain(id.as_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    // The low bits of FNV mix worse than the high ones.
    u8::try_from((hash ^ (hash >> 32)) % u64::from(PARTITIONS)).expect("a remainder of 64 fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_never_changes() {
        assert_eq!(partition_of("orders.order", Uuid::from_u128(1)), 8);
    }

    #[test]
    fn aggregates_spread_over_all_partitions() {
        let mut counts = [0_u32; PARTITIONS as usize];

        for number in 0..64_000_u128 {
            let id = Uuid::from_u128((0x0190_u128 << 112) | number);
            counts[usize::from(partition_of("orders.order", id))] += 1;
        }

        assert!(counts.iter().all(|&count| (800..1_200).contains(&count)), "{counts:?}");
    }
}
