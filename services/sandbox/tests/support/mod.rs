//! What the sandbox's tests stand on: its router behind a client, over a fresh database.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use techtrove_core::ManualClock;
use techtrove_db::{Db, DbOptions};
use techtrove_http::{Client, ClientError};
use techtrove_sandbox::{
    Config, Deps,
    app::App,
    faults::Faults,
    webhooks::{Endpoint, Webhooks},
};

/// The sandbox as its callers see it.
pub struct Sandbox {
    pub client: Client,
    pub faults: Faults,
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    pub endpoint: Endpoint,
}

/// Runs a future on a clock which jumps to the next deadline whenever nothing else is to do.
pub fn on_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(future)
}

impl Sandbox {
    pub async fn new(db: Db) -> Self {
        let config = Config::default();
        let faults = config.faults.clone();
        let (clock, endpoint) = (Arc::new(ManualClock::default()), Endpoint::default());
        let webhooks = Webhooks { endpoint: endpoint.clone(), secret: [7; 32] };
        let deps = Deps { db, clock: Arc::<ManualClock>::clone(&clock), webhooks };
        let app = techtrove_sandbox::open(&config, deps).await.expect("the sandbox");
        let service = techtrove_sandbox::service(&app, &config);
        let client = Client::local("sandbox", service.internal);
        Self { client: client.with_deadline(Duration::from_secs(2)), faults, app, clock, endpoint }
    }

    pub async fn in_memory() -> Self {
        let options = DbOptions { inline: true, ..DbOptions::default() };
        Self::new(Db::open("sqlite::memory:", options).await.expect("opens")).await
    }

    pub async fn charge(&self, key: &str, token: &str) -> Result<Value, ClientError> {
        let body = json!({"key": key, "amount": 100, "currency": "USD", "token": token});
        self.client.post("/v1/charges").json(&body).call().await
    }

    pub async fn get(&self, key: &str) -> Result<Value, ClientError> {
        self.client.get(&format!("/v1/charges/{key}")).call().await
    }

    pub async fn change(&self, key: &str, verb: &str) -> Result<Value, ClientError> {
        self.client.post(&format!("/v1/charges/{key}/{verb}")).call().await
    }

    pub async fn complete(&self, key: &str, outcome: &str) -> Result<Value, ClientError> {
        let path = format!("/v1/charges/{key}/complete-action");
        self.client.post(&path).json(&json!({"outcome": outcome})).call().await
    }

    pub async fn refund(&self, key: &str, refund: &str, amount: i64) -> Result<Value, ClientError> {
        let body = json!({"key": refund, "amount": amount});
        self.client.post(&format!("/v1/charges/{key}/refunds")).json(&body).call().await
    }

    /// The bank's word on a refund: `succeed` or `fail`.
    pub async fn end_refund(&self, key: &str, refund: &str, outcome: &str) -> Value {
        let path = format!("/v1/charges/{key}/refunds/{refund}/end");
        let ended = self.client.post(&path).json(&json!({"outcome": outcome})).call().await;
        ended.expect("the refund is known")
    }

    /// A charge of 100 by this token whose money is taken.
    pub async fn captured(&self, key: &str, token: &str) {
        self.charge(key, token).await.expect("charged");
        self.change(key, "capture").await.expect("captured");
    }

    /// The sums of the ledger for the charge under `key`: authorized, captured, voided, refunded.
    pub async fn ledger(&self, key: &str) -> [i64; 4] {
        let page: Value = self.client.get("/v1/charges?limit=100").call().await.expect("a page");
        let items = page["items"].as_array().expect("a list");
        let listed = items.iter().find(|charge| charge["key"] == key).expect("listed");
        ["authorized", "captured", "voided", "refunded"]
            .map(|sum| listed["ledger"][sum].as_i64().expect("a number"))
    }
}

/// The code of the refusal that is expected.
pub fn code(outcome: Result<Value, ClientError>) -> String {
    match outcome {
        Err(ClientError::Refused(problem)) => problem.code.into_owned(),
        other => panic!("a refusal was expected, not {other:?}"),
    }
}
