//! How often one client may call: a token bucket per address (GCRA, by `governor`), shown in the
//! `RateLimit` and `RateLimit-Policy` headers of the IETF draft. Sign-in has a bucket of its own,
//! much smaller, since each try costs a password hash.

use std::io::Write as _;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::Request;
use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use http::HeaderValue;
use techtrove_core::{Problem, codes};
use techtrove_http::ClientAddress;

/// Old buckets are swept out each time this many calls were counted.
const SWEEP_EVERY: u32 = 100_000;

/// How often one client may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimit {
    /// As often as it likes; for load tests.
    Off,
    /// Limited.
    On {
        /// All calls.
        general: Allowance,
        /// Calls under `/auth/`.
        sign_in: Allowance,
    },
}

/// So many calls at once, and refilled at so many a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many calls at once.
    pub burst: NonZeroU32,
    /// How many more in every second.
    pub per_second: NonZeroU32,
}

impl Allowance {
    /// `burst` calls at once, `per_second` more in every second; zero counts as one.
    #[must_use]
    pub fn new(burst: u32, per_second: u32) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { burst: at_least_one(burst), per_second: at_least_one(per_second) }
    }

    fn quota(self) -> Quota {
        Quota::per_second(self.per_second).allow_burst(self.burst)
    }

    /// The header's value, after draft-ietf-httpapi-ratelimit-headers-10: `q` calls in `w` seconds.
    fn policy(self, name: &str) -> String {
        let window = self.burst.get().div_ceil(self.per_second.get());
        format!("\"{name}\";q={};w={window}", self.burst)
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::On { general: Allowance::new(1_000, 200), sign_in: Allowance::new(60, 2) }
    }
}

/// The text names no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a rate limit: {0:?} (write `off`, or calls per second like `200`)")]
pub struct InvalidRateLimit(String);

impl FromStr for RateLimit {
    type Err = InvalidRateLimit;

    /// `off`, or a number of calls per second, of which five seconds' worth may come at once.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let invalid = || InvalidRateLimit(text.to_owned());
        let per_second: u32 = text.parse().map_err(|_| invalid())?;
        let burst = per_second.checked_mul(5).filter(|&burst| burst > 0).ok_or_else(invalid)?;
        let sign_in = Allowance::new((burst / 16).max(10), (per_second / 100).max(1));
        Ok(Self::On { general: Allowance::new(burst, per_second), sign_in })
    }
}

/// One bucket per client.
struct Buckets {
    limiter:
        RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>,
    allowance: Allowance,
    name: &'static str,
    policy: HeaderValue,
}

/// The limiter behind the gateway.
pub(crate) struct Limiter {
    buckets: Option<(Buckets, Buckets)>,
    counted: AtomicU32,
}

impl Limiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let buckets = match limit {
            RateLimit::Off => None,
            RateLimit::On { general, sign_in } => {
                Some((Buckets::new("default", general), Buckets::new("auth", sign_in)))
            }
        };
        Self { buckets, counted: AtomicU32::new(0) }
    }

    fn buckets_for(&self, path: &str) -> Option<&Buckets> {
        let (general, sign_in) = self.buckets.as_ref()?;
        if self.counted.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            general.limiter.retain_recent();
            sign_in.limiter.retain_recent();
        }
        Some(if guards_secrets(path) { sign_in } else { general })
    }
}

/// Where passwords and mailed secrets are tried: as API, and by the pages behind the links in mails.
fn guards_secrets(path: &str) -> bool {
    path.starts_with("/api/v1/auth/") || matches!(path, "/reset-password" | "/verify-email")
}

impl Buckets {
    fn new(name: &'static str, allowance: Allowance) -> Self {
        let limiter = RateLimiter::dashmap(allowance.quota()).with_middleware();
        let policy = HeaderValue::from_str(&allowance.policy(name))
            .expect("a policy is made of letters, digits and punctuation");
        Self { limiter, allowance, name, policy }
    }

    /// Seconds until a whole burst is there again, given what remains of it.
    fn reset(&self, remaining: u32) -> u32 {
        let used = self.allowance.burst.get().saturating_sub(remaining);
        used.div_ceil(self.allowance.per_second.get())
    }

    fn shown(&self, remaining: u32) -> Shown {
        // A name of ours and two numbers of at most ten digits.
        let mut text = [0; 64];
        let mut rest = &mut text[..];
        let reset = self.reset(remaining);
        write!(rest, "\"{}\";r={remaining};t={reset}", self.name).expect("64 bytes are enough");
        let length = 64 - rest.len();
        let remaining = HeaderValue::from_bytes(&text[..length])
            .expect("a name, digits and punctuation are a header");
        Shown { remaining, policy: self.policy.clone() }
    }
}

/// What an answer says of its client's limit.
pub(crate) struct Shown {
    /// The `RateLimit` header.
    pub(crate) remaining: HeaderValue,
    /// The `RateLimit-Policy` header.
    pub(crate) policy: HeaderValue,
}

/// Whether a request may come.
pub(crate) struct Verdict {
    /// The refusal of one that may not.
    pub(crate) refusal: Option<Problem>,
    /// What its answer says of the limit; nothing where there is none.
    pub(crate) shown: Option<Shown>,
}

impl Limiter {
    /// Counts a request, and refuses that of a client which calls too often.
    pub(crate) fn judge(&self, request: &Request) -> Verdict {
        let client = request.extensions().get::<ClientAddress>().map(|address| address.network());
        let Some((buckets, client)) = self.buckets_for(request.uri().path()).zip(client) else {
            return Verdict { refusal: None, shown: None };
        };
        let (refusal, remaining) = match buckets.limiter.check_key(&client) {
            Ok(state) => (None, state.remaining_burst_capacity()),
            Err(refusal) => (Some(refused(&refusal)), 0),
        };
        Verdict { refusal, shown: Some(buckets.shown(remaining)) }
    }
}

fn refused(refusal: &NotUntil<<DefaultClock as Clock>::Instant>) -> Problem {
    let wait = refusal.wait_time_from(DefaultClock::default().now());
    let seconds = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    let detail = format!("too many requests; try again in {} s", seconds.as_secs());
    Problem::new(codes::RATE_LIMITED, detail).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_as_a_person_writes_it() {
        assert_eq!("off".parse(), Ok(RateLimit::Off));
        let Ok(RateLimit::On { general, sign_in }) = "200".parse() else { panic!("a limit") };
        assert_eq!(general, Allowance::new(1_000, 200));
        assert_eq!(sign_in, Allowance::new(62, 2));
        for text in ["", "0", "-1", "fast", "4294967295"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_policy_says_how_many_calls_in_how_many_seconds() {
        assert_eq!(Allowance::new(1_000, 200).policy("default"), "\"default\";q=1000;w=5");
    }
}
