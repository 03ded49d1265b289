//! How a provider proves that a webhook is its own: `t=<seconds>,v1=<hex>`, where `v1` is an HMAC-SHA256
//! (RFC 2104) of `<seconds>.<body>` under a secret that both know. Several secrets may be valid while one
//! takes the place of another. It must never compare in a time that tells how much of it was right.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use techtrove_core::Timestamp;

/// How far a webhook's time may be from ours, so that an old one cannot be sent again for ever.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// How many signatures of one webhook are looked at.
const MAX_SIGNATURES: usize = 8;

/// A secret that a provider signs its webhooks with.
#[derive(Clone)]
pub struct WebhookSecret(Vec<u8>);

/// The webhook is not the provider's, or not of this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the webhook's signature is not valid")]
pub struct InvalidSignature;

impl WebhookSecret {
    /// The secret of these bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    fn signs(&self, seconds: i64, body: &[u8], signature: &[u8]) -> bool {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{seconds}.").as_bytes());
        mac.update(body);
        mac.verify_slice(signature).is_ok()
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// Checks that one of `secrets` signed `body`, and not long ago.
///
/// # Errors
/// When none did.
pub fn verify(
    header: &str,
    body: &[u8],
    secrets: &[WebhookSecret],
    now: Timestamp,
) -> Result<(), InvalidSignature> {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let seconds: i64 = parts()
        .find_map(|(name, value)| (name == "t").then(|| value.parse().ok())?)
        .ok_or(InvalidSignature)?;
    let allowed = i64::try_from(TOLERANCE.as_secs()).unwrap_or(i64::MAX);
    let age = now.as_seconds().checked_sub(seconds).ok_or(InvalidSignature)?;
    if !(-allowed..=allowed).contains(&age) {
        return Err(InvalidSignature);
    }
    parts()
        .filter(|(name, _)| *name == "v1")
        .take(MAX_SIGNATURES)
        .filter_map(|(_, value)| from_hex(value))
        .any(|signature| secrets.iter().any(|secret| secret.signs(seconds, body, &signature)))
        .then_some(())
        .ok_or(InvalidSignature)
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = b"{\"type\":\"charge.authorized\"}";

    /// Recorded with another tool: `printf '1767225600.{"type":"charge.authorized"}' | openssl dgst
    /// -sha256 -mac HMAC -macopt hexkey:0707…07`.
    const RECORDED: &str = "8c8eeb140e3f6f294516e531de53b8fb7c10d90d362f4d705e893b1dbbbc0abc";

    fn now() -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000)
    }

    fn secrets() -> [WebhookSecret; 2] {
        [WebhookSecret::new([9; 32]), WebhookSecret::new([7; 32])]
    }

    #[test]
    fn a_signature_by_any_of_the_secrets_is_valid_for_five_minutes() {
        let header = format!("t=1767225600,v0=ff,v1=00,v1={RECORDED}");
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);

        for at in [now(), now().plus(minutes(5)), now().minus(minutes(5))] {
            assert_eq!(verify(&header, BODY, &secrets(), at), Ok(()));
        }
        for at in [now().plus(minutes(6)), now().minus(minutes(6))] {
            assert_eq!(verify(&header, BODY, &secrets(), at), Err(InvalidSignature));
        }
    }

    #[test]
    fn another_secret_body_time_or_signature_is_forged() {
        let header = format!("t=1767225600,v1={RECORDED}");
        let other_time = format!("t=1767225601,v1={RECORDED}");
        let cut = format!("t=1767225600,v1={}", &RECORDED[..62]);

        assert!(verify(&header, BODY, &secrets()[..1], now()).is_err());
        assert!(verify(&header, b"{}", &secrets(), now()).is_err());
        for header in
            [&*other_time, &*cut, "", "t=", "v1=", "t=1767225600", "t=-9223372036854775808"]
        {
            assert!(verify(header, BODY, &secrets(), now()).is_err(), "{header}");
        }
    }

    #[test]
    fn only_so_many_signatures_are_looked_at() {
        let noise = format!("v1={},", "0".repeat(64)).repeat(MAX_SIGNATURES);

        let buried = verify(&format!("t=1767225600,{noise}v1={RECORDED}"), BODY, &secrets(), now());

        assert_eq!(buried, Err(InvalidSignature));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in "\\PC*") {
            prop_assert!(verify(&header, BODY, &secrets(), now()).is_err());
        }
    }
}
