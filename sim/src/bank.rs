//! The bank behind the payment provider: it takes its time to decide what is to be given back, now and then
//! sends money back that had been given, and ends reservations by itself. Whether the shop is told is another
//! matter.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use techtrove_sandbox::faults::{Fault, Operation};

use crate::{
    checker,
    hosts::Door,
    network::{self, Sender},
    plan::Plan,
    weather::STORM,
    world::World,
};

/// What waits for its bank: the path of each at the provider.
const WAITING: &str =
    "SELECT charge_key || '/refunds/' || refund_key FROM refunds WHERE status = 'pending'";

/// What was given back and may yet fail, one of a charge at most: whose money is lost again and again is for
/// staff to look at.
const GIVEN: &str = "SELECT r.charge_key || '/refunds/' || r.refund_key FROM refunds r \
     JOIN charges c ON c.charge_key = r.charge_key AND c.token = 'tok_ok' \
     WHERE r.status = 'succeeded' AND NOT EXISTS (SELECT 1 FROM refunds f \
       WHERE f.charge_key = r.charge_key AND f.status = 'failed')";

/// What is reserved.
const RESERVED: &str = "SELECT charge_key FROM charges WHERE status = 'authorized'";

/// Decides until nobody wants to know any more; nothing that was given fails after the storm.
pub async fn decide(world: Arc<World>) {
    let lapses = Plan::of(world.seed).lapses;
    loop {
        tokio::time::sleep(world.time(500, 2_000)).await;
        let look = world.host("sandbox").look.clone();
        for refund in checker::values::<String>(&look, WAITING) {
            if world.chance(500) {
                let outcome = world.one_of(&["fail", "succeed"]);
                world.fault("bank decides late", &format!("{outcome} {refund}"));
                // Whoever is not heard is asked again.
                end(&world, &refund, outcome).await;
            }
        }
        if world.started.elapsed() < STORM && lapses {
            for charge in checker::values::<String>(&look, RESERVED) {
                if world.chance(250) {
                    world.fault("reservation lapses", &charge);
                    if world.chance(600) {
                        // Whoever asks what became of it is told so at the second time.
                        world.with_weather(|weather| {
                            weather.provider.plan(Operation::Lookup, Fault::ErrorBefore);
                        });
                    }
                    lapse(&world, &charge).await;
                }
            }
        }
        if world.started.elapsed() < STORM {
            for refund in checker::values::<String>(&look, GIVEN) {
                if world.chance(350) {
                    world.fault("bank sends back", &refund);
                    end(&world, &refund, "fail").await;
                }
            }
        }
    }
}

/// Ends a reservation; whether the provider has taken note of it.
pub async fn lapse(world: &Arc<World>, charge: &str) -> bool {
    let provider = network::client(world, &Sender::Stranger("bank"), "sandbox", Door::Internal);
    let request = provider.post(&format!("/v1/charges/{charge}/lapse"));
    let told = request.deadline(Duration::from_secs(3)).send().await;
    told.is_ok_and(|answer| answer.status.is_success())
}

/// Decides what becomes of a refund; whether the provider knows.
pub async fn end(world: &Arc<World>, refund: &str, outcome: &str) -> bool {
    let provider = network::client(world, &Sender::Stranger("bank"), "sandbox", Door::Internal);
    let request = provider.post(&format!("/v1/charges/{refund}/end"));
    let told = request.json(&json!({"outcome": outcome})).deadline(Duration::from_secs(3));
    told.send().await.is_ok_and(|answer| answer.status.is_success())
}
