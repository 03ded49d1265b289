//! Delivers what was announced, at least once: each try is stored before it is made, and what the
//! receiver does not take is tried again with growing pauses, until it is given up.

use std::time::Duration;

use http::HeaderName;
use serde::Serialize;
use techtrove_core::Timestamp;
use techtrove_http::Client;

use super::App;
use crate::{
    error::Error,
    store::{self, Webhook},
    webhooks::PATH,
};

/// How many webhooks one round takes on.
const BATCH: usize = 100;

/// The pause after the first try, which doubles with each one, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(3_600));

/// After so many tries, most of two days, a webhook is given up.
const TRIES: i64 = 50;

const SIGNATURE: HeaderName = HeaderName::from_static("sandbox-signature");

/// A webhook as it is sent.
#[derive(Serialize)]
struct Body<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'a str,
    created: i64,
    charge: Named<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    key: &'a str,
}

/// Sends the webhooks that are due, up to a batch, and tells whether there may be more. Nothing is due
/// before there is a receiver.
///
/// # Errors
/// When the books cannot be read or written; what a receiver does not take is tried again later.
pub async fn deliver_webhooks(app: &App) -> Result<bool, Error> {
    let Some(receiver) = app.webhooks.endpoint.client() else { return Ok(false) };
    let now = app.clock.now();
    let due =
        app.db.read("sandbox.webhooks_due", move |tx| store::webhooks_due(tx, now, BATCH)).await?;
    let more = due.len() == BATCH;
    for webhook in due {
        deliver(app, receiver, webhook, now).await?;
    }
    Ok(more)
}

async fn deliver(
    app: &App,
    receiver: &Client,
    webhook: Webhook,
    now: Timestamp,
) -> Result<(), Error> {
    let (next, claimed) = (now.plus(pause(webhook.attempts)), webhook.clone());
    let job = move |tx: &mut techtrove_db::Tx<'_>| store::claim_webhook(tx, &claimed, next);
    if !app.db.write("sandbox.claim_webhook", job).await? {
        return Ok(());
    }
    let taken = send(app, receiver, &webhook).await;
    let last = webhook.attempts.saturating_add(1) >= TRIES;
    if last && !taken {
        tracing::error!(charge = %webhook.key, event = webhook.event, "a webhook was given up");
    }
    if taken || last {
        let job = move |tx: &mut techtrove_db::Tx<'_>| store::delete_webhook(tx, &webhook);
        app.db.write("sandbox.delete_webhook", job).await?;
    }
    Ok(())
}

/// Whether the receiver has taken the webhook.
async fn send(app: &App, receiver: &Client, webhook: &Webhook) -> bool {
    let (kind, refund) = webhook.parts();
    let body = Body {
        id: format!("evt_{}_{}", webhook.key, webhook.event),
        kind,
        created: webhook.created_at.as_seconds(),
        charge: Named { key: webhook.key.as_str() },
        refund: refund.map(|key| Named { key }),
    };
    // The same bytes are signed and sent: a struct is always written in the same way.
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let signature = app.webhooks.signature(&bytes, app.clock.now());
    match receiver.post(PATH).json(&body).header(SIGNATURE, &signature).send().await {
        Ok(answer) if answer.status.is_success() => true,
        Ok(answer) => {
            tracing::warn!(charge = %webhook.key, status = %answer.status, "a webhook was refused");
            false
        }
        Err(error) => {
            tracing::warn!(charge = %webhook.key, %error, "a webhook did not arrive");
            false
        }
    }
}

fn pause(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 16)).unwrap_or(16);
    PAUSES.0.saturating_mul(1 << doublings).min(PAUSES.1)
}
