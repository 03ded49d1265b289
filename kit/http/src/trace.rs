//! W3C trace context (`traceparent`, level 1): where a request belongs in the trace that spans all
//! rooms. It must never make randomness itself: a new trace is made of an id that is handed in.

use std::fmt;

use uuid::Uuid;

/// A place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl Trace {
    /// The flag that says the caller may have recorded the trace.
    const SAMPLED: u8 = 1;

    /// A new trace named by `id`.
    #[must_use]
    pub fn start(id: Uuid) -> Self {
        let trace_id = id.as_u128().max(1);
        Self { trace_id, span_id: span_from(low_bits(trace_id)), flags: Self::SAMPLED }
    }

    /// Reads a `traceparent` header. A version newer than 00 is read as far as 00 goes, as the
    /// specification wants it.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (version, rest) = header.split_at_checked(2)?;
        let version = lower_hex(version)?;
        let (fields, more) = rest.strip_prefix('-')?.split_at_checked(52)?;
        let known_length = more.is_empty() || (version > 0 && more.starts_with('-'));
        if version == 0xff || !known_length {
            return None;
        }
        let mut fields = fields.split('-');
        let trace_id = fields.next().filter(|text| text.len() == 32).and_then(lower_hex)?;
        let span_id = fields.next().filter(|text| text.len() == 16).and_then(lower_hex)?;
        let flags = fields.next().filter(|text| text.len() == 2).and_then(lower_hex)?;
        if trace_id == 0 || span_id == 0 || fields.next().is_some() {
            return None;
        }
        let span_id = u64::try_from(span_id).ok()?;
        Some(Self { trace_id, span_id, flags: u8::try_from(flags).ok()? })
    }

    /// The same trace, one step further down; `salt` tells siblings apart.
    #[must_use]
    pub fn child(self, salt: u64) -> Self {
        Self { span_id: span_from(self.span_id.rotate_left(17) ^ salt), ..self }
    }

    /// The trace's id: 32 hexadecimal digits.
    #[must_use]
    pub fn id(self) -> TraceId {
        TraceId(self.trace_id)
    }

    /// The value of the `traceparent` header.
    #[must_use]
    pub fn traceparent(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// A trace's id, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

fn lower_hex(text: &str) -> Option<u128> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if lower { u128::from_str_radix(text, 16).ok() } else { None }
}

/// The lower half, where a UUIDv7 keeps its random bits.
fn low_bits(wide: u128) -> u64 {
    u64::try_from(wide & u128::from(u64::MAX)).expect("the mask leaves 64 bits")
}

/// Spreads the bits of `seed` over a span id, which must not be zero.
fn span_from(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_specifications_example() {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        let trace = Trace::parse(header).expect("a valid header");

        assert_eq!(trace.id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(trace.traceparent(), header);
    }

    #[test]
    fn refuses_what_the_specification_refuses() {
        for header in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-+1",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(Trace::parse(header), None, "{header}");
        }
    }

    #[test]
    fn a_newer_version_is_read_as_far_as_it_is_known() {
        let header = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes";

        assert!(Trace::parse(header).is_some());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bits: u128, salt: u64) {
            let trace = Trace::start(Uuid::from_u128(bits)).child(salt);

            prop_assert_eq!(Trace::parse(&trace.traceparent()), Some(trace));
        }

        #[test]
        fn no_header_makes_it_panic(header in "\\PC*") {
            let _ = Trace::parse(&header);
        }
    }
}
