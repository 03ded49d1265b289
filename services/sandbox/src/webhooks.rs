//! Where the sandbox announces what nobody was answered, and how it signs that: as Stripe does, by an
//! HMAC-SHA256 over the time and the body. The receiver is a stranger, reached by HTTP alone.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use techtrove_core::Timestamp;
use techtrove_http::Client;

/// The path at the receiver.
pub(crate) const PATH: &str = "/api/v1/payments/webhooks/sandbox";

/// The receiver of webhooks: known once it has been connected, since it may be built after the sandbox.
/// Clones are the same endpoint.
#[derive(Clone, Debug, Default)]
pub struct Endpoint(Arc<OnceLock<Client>>);

/// What the sandbox's webhooks need.
#[derive(Clone)]
pub struct Webhooks {
    /// Who receives them.
    pub endpoint: Endpoint,
    /// What they are signed with.
    pub secret: [u8; 32],
}

impl Endpoint {
    /// Sends webhooks through `client` from now on; the first one counts.
    pub fn connect(&self, client: Client) {
        // A second receiver would be a mistake of the wiring, and the first goes on to be served.
        let _ = self.0.set(client);
    }

    /// The receiver, once there is one.
    pub(crate) fn client(&self) -> Option<&Client> {
        self.0.get()
    }
}

impl Webhooks {
    /// The signature of `body`, sent at `now`: `t=<seconds>,v1=<hex>`.
    #[must_use]
    pub fn signature(&self, body: &[u8], now: Timestamp) -> String {
        let seconds = now.as_seconds();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(format!("{seconds}.").as_bytes());
        mac.update(body);
        let bytes = mac.finalize().into_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={seconds},v1={hex}")
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded with another tool: `printf '1767225600.{"type":"charge.authorized"}' | openssl dgst
    /// -sha256 -mac HMAC -macopt hexkey:0707…07`.
    #[test]
    fn signs_time_and_body() {
        let webhooks = Webhooks { endpoint: Endpoint::default(), secret: [7; 32] };
        let now = Timestamp::from_micros(1_767_225_600_500_000);

        let signature = webhooks.signature(b"{\"type\":\"charge.authorized\"}", now);

        assert_eq!(
            signature,
            "t=1767225600,v1=8c8eeb140e3f6f294516e531de53b8fb7c10d90d362f4d705e893b1dbbbc0abc"
        );
        assert!(!format!("{webhooks:?}").contains('7'));
    }
}
