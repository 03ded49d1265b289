//! Refunds that fail at their bank, and how payments is told of it.

use http::Method;
use techtrove_core::Clock as _;
use techtrove_db::p;
use techtrove_payments::app;
use techtrove_payments_api::{PaymentId, REFUND_FAILED, RefundFailed};
use techtrove_sandbox::webhooks::{Endpoint, Webhooks};

use super::{Face, WEBHOOK_SECRET, World, payment_id, refund_id};

impl World {
    /// What the events tell of refunds that have failed after all.
    pub async fn lost_refunds(&self) -> Vec<RefundFailed> {
        let read = self.app.db.read("test.news", |tx| {
            let sql = "SELECT data FROM outbox WHERE kind = ? ORDER BY position";
            tx.query(sql, p![REFUND_FAILED], |row| row.get::<String>(0))
        });
        let texts: Result<Vec<String>, techtrove_db::DbError> = read.await;
        let texts = texts.expect("the database answers");
        texts.iter().map(|text| serde_json::from_str(text).expect("an event's data")).collect()
    }

    /// The bank's word on a refund, of which nobody is told.
    pub async fn decide_refund(&self, id: PaymentId, number: u32, outcome: &str) {
        let path = format!("/v1/charges/{id}/refunds/{}/end", refund_id(number));
        let body = serde_json::json!({"outcome": outcome});
        // Refused when there is no such refund.
        drop(self.provider.post(&path).json(&body).send().await);
    }

    /// Hears that a refund has failed, whether or not it has; the status of the answer.
    pub async fn say_it_failed(&self, id: PaymentId, number: u32) -> u16 {
        let (charge, refund) = (id.to_string(), refund_id(number).to_string());
        let body = match self.face {
            Face::Sandbox => serde_json::json!({
                "id": "evt_1", "type": "refund.failed",
                "charge": {"key": charge}, "refund": {"key": refund},
            }),
            Face::Stripe => serde_json::json!({
                "id": "evt_1", "type": "refund.failed",
                "data": {"object": {
                    "object": "refund", "status": "failed",
                    "metadata": {"payment_id": charge, "refund_id": refund},
                }},
            }),
        };
        let bytes = serde_json::to_vec(&body).expect("JSON");
        let webhooks = Webhooks { endpoint: Endpoint::default(), secret: WEBHOOK_SECRET };
        let signature = webhooks.signature(&bytes, self.clock.now());
        let provider = self.face.provider();
        let path = format!("/api/v1/payments/webhooks/{provider}");
        let draft = self.public.request(Method::POST, &path).body("application/json", bytes);
        draft.header(&format!("{provider}-signature"), &signature).await.status.as_u16()
    }

    /// Looks at the refunds whose time has come, as the worker does.
    pub async fn look_again(&self) {
        app::look_again(&self.app).await.expect("the database answers");
    }

    /// Tells of the refunds of the first payment as if all had failed, as their announcements do in the end.
    pub async fn tell_of_lost_refunds(&self) {
        for number in 1..4 {
            assert_eq!(self.say_it_failed(payment_id(1), number).await, 200);
        }
    }
}
