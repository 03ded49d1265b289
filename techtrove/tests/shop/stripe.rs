//! A shop whose money Stripe takes: the shop's own HTTPS client, over a real connection, to the stranger
//! that speaks as Stripe, and its signed webhooks back.

use std::sync::{Arc, Mutex};

use axum::{
    Json,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use techtrove::settings::{PaymentProvider, Settings};
use techtrove::stripe::Stripe;
use techtrove_core::{Clock as _, SystemClock};
use techtrove_db::{Db, DbOptions};
use techtrove_payments::{
    domain::Secret,
    provider::{WebhookSecret, stripe::Account},
};
use techtrove_sandbox::webhooks::{Endpoint, Webhooks};
use techtrove_testing::{Actor, eventually};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::harness::{SOON, TestShop, order, patient};

const WEBHOOKS: &str = "/api/v1/payments/webhooks/stripe";

const WEBHOOK_SECRET: &[u8; 32] = b"whsec_the-second-of-two-secrets!";

/// The stranger, in a process of its own as far as the shop can tell.
struct Stranger {
    actor: Actor,
    origin: String,
    server: JoinHandle<()>,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

/// What becomes of each new intent.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// It is refused with this status.
    Answer(u16),
    /// No answer comes.
    Hangs,
    /// It is made, and no answer comes.
    HangsAfter,
}

impl Stranger {
    async fn start() -> Self {
        let db = Db::open("sqlite::memory:", DbOptions::default()).await.expect("opens");
        let webhooks = Webhooks { endpoint: Endpoint::default(), secret: *WEBHOOK_SECRET };
        let deps = techtrove_sandbox::Deps { db, clock: Arc::new(SystemClock), webhooks };
        let service = techtrove_sandbox::build(techtrove_sandbox::Config::default(), deps).await;
        let router = service.expect("the stranger").internal;
        let actor = Actor::new(router.clone());
        let trouble = Arc::<Mutex<Option<Trouble>>>::default();
        let router = router.layer(from_fn_with_state(Arc::clone(&trouble), meet));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serves until it is stopped");
        });
        Self { actor, origin, server, trouble }
    }

    fn settings(&self) -> Settings {
        let account = Account {
            key: Secret::new("sk_test_of_a_shop".to_owned()).expect("a key"),
            return_url: "https://shop.example/paid".to_owned(),
            webhooks: vec![
                WebhookSecret::new(*b"whsec_first"),
                WebhookSecret::new(*WEBHOOK_SECRET),
            ],
        };
        Settings {
            payment_provider: PaymentProvider::Stripe,
            stripe: Some(Stripe { origin: self.origin.parse().expect("an origin"), account }),
            ..patient()
        }
    }

    /// What the stranger's ledger says of the order's payment.
    async fn ledger(&self, order: &Value) -> Value {
        let page = self.actor.get("/v1/charges?limit=100").await.expect(200).value();
        let charges = page["items"].as_array().expect("a list");
        let found = charges.iter().find(|charge| charge["key"] == order["payment"]["id"]);
        found.unwrap_or_else(|| panic!("{order} in {page}"))["ledger"].clone()
    }
}

async fn meet(
    State(trouble): State<Arc<Mutex<Option<Trouble>>>>,
    request: Request,
    next: Next,
) -> Response {
    let is_new = request.uri().path() == "/v1/payment_intents";
    let trouble = *trouble.lock().expect("whole");
    match trouble.filter(|_| is_new) {
        None => next.run(request).await,
        Some(Trouble::Answer(status)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, Json(json!({"error": {"type": "api_error"}}))).into_response()
        }
        Some(Trouble::Hangs) => std::future::pending().await,
        Some(Trouble::HangsAfter) => {
            drop(next.run(request).await);
            std::future::pending().await
        }
    }
}

/// A webhook about this payment, signed with the second of the shop's secrets.
async fn announce(shop: &TestShop, payment: &Value) {
    let body = json!({
        "id": "evt_1", "type": "payment_intent.amount_capturable_updated",
        "data": {"object": {"metadata": {"payment_id": payment}}},
    })
    .to_string();
    let signer = Webhooks { endpoint: Endpoint::default(), secret: *WEBHOOK_SECRET };
    let signature = signer.signature(body.as_bytes(), SystemClock.now());
    let draft = shop.public.request(Method::POST, WEBHOOKS).body("application/json", body);
    draft.header("stripe-signature", &signature).await.expect(200);
}

fn order_by(provider: &str, token: &str) -> Value {
    let mut body = order("CARD-1", 1, token);
    body["payment"]["provider"] = json!(provider);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_through_stripe() {
    let stranger = Stranger::start().await;
    let shop = TestShop::embedded_with(stranger.settings()).await;
    shop.sell("CARD-1", 5_000, 10).await;
    let buy = |provider: &str, token: &str| {
        shop.public.post("/api/v1/orders", &order_by(provider, token))
    };

    let paid = buy("stripe", "pm_card_visa").await.expect(201).value();
    let declined = buy("stripe", "pm_card_visa_chargeDeclinedInsufficientFunds").await.expect(402);
    let unknown = buy("stripe", "pm_nobody_knows").await.expect(422).value();
    let waits = buy("stripe", "pm_card_authenticationRequired").await.expect(201).value();
    let elsewhere = buy("sandbox", "tok_ok").await.expect(422).value();

    shop.order_becomes(&paid, ("confirmed", "captured"), SOON).await;
    let total = &paid["totals"]["total"]["amount"];
    assert_eq!(stranger.ledger(&paid).await["captured"], *total, "{paid}");
    assert_eq!(declined.value()["code"], "payment_declined");
    assert_eq!(unknown["errors"][0]["pointer"], "/payment/token");
    assert_eq!(elsewhere["errors"][0]["pointer"], "/payment/provider");
    let action = &waits["payment"]["next_action"];
    assert_eq!(action["type"], "redirect_to_url", "{waits}");
    let payment = &waits["payment"]["id"];
    let at_the_bank = format!("/v1/charges/{}/complete-action", payment.as_str().expect("an id"));
    stranger.actor.post(&at_the_bank, &json!({})).await.expect(200);
    announce(&shop, payment).await;
    shop.order_becomes(&waits, ("confirmed", "captured"), SOON).await;
    shop.close().await;
    stranger.server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_asked_for_money_leaves_nothing_behind() {
    let stranger = Stranger::start().await;
    let shop = TestShop::embedded_with(stranger.settings()).await;
    shop.sell("CARD-1", 5_000, 10).await;
    let buy = |key: &str| {
        let body = order_by("stripe", "pm_card_visa");
        shop.public.post("/api/v1/orders", &body).header("idempotency-key", key)
    };
    let answers = [500, 429, 409, 401].map(Trouble::Answer);

    for (number, trouble) in
        answers.into_iter().chain([Trouble::Hangs, Trouble::HangsAfter]).enumerate()
    {
        let key = format!("k-{number}");
        *stranger.trouble.lock().expect("whole") = Some(trouble);
        let refused = buy(&key).await.expect(503);
        assert_eq!(refused.problem_code(), "unavailable", "{trouble:?}");
        eventually(SOON, async || (shop.stock("CARD-1").await["held"] == 0).then_some(())).await;

        *stranger.trouble.lock().expect("whole") = None;
        let paid = buy(&key).await.expect(201).value();
        shop.order_becomes(&paid, ("confirmed", "captured"), SOON).await;
        assert_eq!(stranger.ledger(&paid).await["captured"], paid["totals"]["total"]["amount"]);
    }
    shop.assert_books_agree().await;
    shop.close().await;
    stranger.server.abort();
}
