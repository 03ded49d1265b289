//! What happens in the shop that is altered: every kind of order, so that there is something of each to alter.

use std::path::Path;

use serde_json::{Value, json};
use techtrove_testing::{Actor, eventually};

use crate::{
    backups::succeeded,
    digital::licences,
    harness::{SOON, checkout, fill_cart, order, order_path},
    program::{Program, admin, import, import_line},
};

/// Lets it happen, and waits until nothing of it is left to do.
pub async fn happen(program: &Program, data: &Path) {
    succeeded(&import(data, &[import_line("KEY-1", 5), import_line("KEY-2", 20)]));
    let people = People {
        public: program.public(),
        staff: program.public().bearer(&admin(program, data).await),
    };
    // Two that wait for their parcel.
    for _ in 0..2 {
        people.buy(&order("KEY-1", 1, "tok_ok")).await;
    }
    people.delivered().await;
    people.cancelled().await;
    people.refused_refund().await;
    people.licences().await;
    people.by_cart().await;
    // One that waits for its buyer.
    people
        .public
        .post("/api/v1/orders", &order("KEY-2", 1, "tok_requires_action"))
        .await
        .expect(201);
    let declined = people.public.post("/api/v1/orders", &order("KEY-2", 1, "tok_declined")).await;
    declined.expect(402);
}

struct People {
    public: Actor,
    staff: Actor,
}

impl People {
    /// Buys, and waits until the money is taken.
    async fn buy(&self, body: &Value) -> Value {
        let order = self.public.post("/api/v1/orders", body).await.expect(201).value();
        self.paid(&order, "captured").await;
        order
    }

    async fn paid(&self, order: &Value, status: &str) {
        eventually(SOON, async || {
            let shown = self.staff.get(&order_path(order)).await.expect(200).value();
            (shown["payment"]["status"] == status).then_some(())
        })
        .await;
    }

    async fn step(&self, path: &str, body: Value) -> Value {
        let reply = self.staff.post(path, &body).await;
        assert!(reply.status.is_success(), "{path}: {reply:?}");
        reply.value()
    }

    fn guest(&self, order: &Value) -> Actor {
        let token = order["guest_token"].as_str().expect("a guest's order has a token");
        self.public.with_header("x-guest-token", token)
    }

    /// Two parcels, something given back, one piece sold again and one written off.
    async fn delivered(&self) {
        let order = self.buy(&order("KEY-2", 4, "tok_ok")).await;
        let path = order_path(&order);
        let one = json!([{"sku": "KEY-2", "quantity": 1}]);
        let first = json!({"carrier": "DHL", "tracking_number": "1Z-1", "lines": one});
        self.step(&format!("{path}/shipments"), first).await;
        let rest = json!({"carrier": "UPS", "tracking_number": "1Z-2"});
        self.step(&format!("{path}/shipments"), rest).await;
        self.step(&format!("{path}/deliver"), json!({})).await;
        let amount = json!({"amount": 100, "currency": "USD"});
        let refund = json!({"amount": amount, "reason": "a scratch"});
        self.step(&format!("{path}/refunds"), refund).await;
        for restock in [true, false] {
            let wish = json!({"lines": [{"sku": "KEY-2", "quantity": 1}], "reason": "too loud"});
            let asked = self.guest(&order).post(&format!("{path}/returns"), &wish).await;
            let asked = asked.expect(201).value();
            let back = format!("/api/v1/returns/{}", asked["id"].as_str().expect("an id"));
            self.step(&format!("{back}/approve"), json!({})).await;
            self.step(&format!("{back}/receive"), json!({ "restock": restock })).await;
        }
    }

    async fn cancelled(&self) {
        let order = self.buy(&order("KEY-2", 1, "tok_ok")).await;
        let cancel = format!("{}/cancel", order_path(&order));
        self.guest(&order).post(&cancel, &json!({})).await.expect(200);
        self.paid(&order, "refunded").await;
    }

    /// Money that the provider will not give back.
    async fn refused_refund(&self) {
        let order = self.buy(&order("KEY-2", 1, "tok_refund_refused")).await;
        let amount = json!({"amount": 100, "currency": "USD"});
        let refund = json!({"amount": amount, "reason": "a scratch"});
        let path = format!("{}/refunds", order_path(&order));
        self.staff.post(&path, &refund).await.expect(409);
    }

    async fn licences(&self) {
        crate::digital::sell_keys(&self.staff, "SOFT-1", 2).await;
        let order = self.buy(&licences("SOFT-1", 1)).await;
        eventually(SOON, async || {
            let shown = self.staff.get(&order_path(&order)).await.expect(200).value();
            (shown["status"] == "delivered").then_some(())
        })
        .await;
    }

    /// Somebody who is signed in buys a cart.
    async fn by_cart(&self) {
        let item = json!({"sku": "KEY-2", "quantity": 2});
        let cart = fill_cart(&self.staff, &item).await.value();
        let path = format!("/api/v1/carts/{}/checkout", cart["id"].as_str().expect("an id"));
        let order = self.staff.post(&path, &checkout("tok_ok")).await.expect(201).value();
        self.paid(&order, "captured").await;
    }
}
