//! What has happened in the demo shop before its first visitor comes: its customers bought, the shop sent
//! parcels, and reviews helped others. All of it by the calls of customers and staff, and each part is looked for
//! before it is done, so that after a crash all of them are simply done again.

use futures::future::try_join_all;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use techtrove_identity_api::UserId;
use techtrove_runtime::Shutdown;

use super::{
    accounts::Person,
    data::{self, Bought, Purchase, Stands},
    loading::{ASK_EVERY, Customer, Known, LoadError, Loader, request},
};
use crate::control::{ControlError, Operator};

/// How often an order is looked at before it is left as it stands: about half a minute.
const PATIENCE: usize = 1_500;

/// An order of a customer's.
#[derive(Debug, Deserialize)]
struct Placed {
    id: String,
    status: String,
    #[serde(rename = "lines")]
    items: Vec<Bought>,
}

#[derive(Deserialize)]
struct Orders {
    items: Vec<Placed>,
}

#[derive(Deserialize)]
struct Reviews {
    items: Vec<KnownReview>,
}

#[derive(Deserialize)]
struct KnownReview {
    id: String,
    user_id: UserId,
}

impl Loader {
    /// Lets the past happen; nothing when the shop is to end before. Where money moves nobody has bought.
    pub(super) async fn live_through_past(
        &self,
        customers: &[Customer],
        shutdown: &Shutdown,
    ) -> Result<Option<()>, LoadError> {
        if self.in_sandbox {
            let bought = customers.iter().map(|customer| self.buy(customer, shutdown));
            if try_join_all(bought).await?.contains(&None) {
                return Ok(None);
            }
        }
        self.vote(customers).await.map(Some)
    }

    /// Everything that the customer bought, one after the other.
    async fn buy(&self, customer: &Customer, shutdown: &Shutdown) -> Result<Option<()>, LoadError> {
        let list = request(Method::GET, "/api/v1/orders?limit=100", None);
        let known: Orders = customer.calls.call(list).await?;
        for (number, purchase) in data::purchases().enumerate() {
            let purchase = purchase?;
            if purchase.by != customer.person.short() {
                continue;
            }
            let found = known.items.iter().find(|order| order.items == purchase.items);
            let id = match found {
                Some(order) => Some(order.id.clone()),
                None => place(customer, number, &purchase).await?,
            };
            let Some(id) = id else { continue };
            if self.bring(&id, purchase.stands, shutdown).await?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    /// Brings an order as far as it has come; nothing when the shop is to end before.
    async fn bring(
        &self,
        id: &str,
        stands: Stands,
        shutdown: &Shutdown,
    ) -> Result<Option<()>, LoadError> {
        let path = format!("/api/v1/orders/{id}");
        for _ in 0..PATIENCE {
            let order: Placed = self.get(&path).await?;
            let asked = match (order.status.as_str(), stands) {
                ("pending", _) => None,
                ("confirmed" | "processing", Stands::Shipped | Stands::Delivered) => {
                    Some(("shipments", parcel(id)))
                }
                ("shipped", Stands::Delivered) => Some(("deliver", json!({}))),
                _ => return Ok(Some(())),
            };
            if let Some((action, body)) = asked {
                ask(&self.operator, &path, action, &body).await?;
            }
            if !shutdown.pause(ASK_EVERY).await {
                return Ok(None);
            }
        }
        tracing::warn!(order = id, "an order of the demo shop is left as it stands");
        Ok(Some(()))
    }

    /// Who was helped by a review says so.
    async fn vote(&self, customers: &[Customer]) -> Result<(), LoadError> {
        for review in data::reviews() {
            let review = review?;
            let id_of = |short: &str| customers.iter().find(|it| it.person.short() == short);
            let Some(writer) = id_of(&review.by).filter(|_| !review.helped.is_empty()) else {
                continue;
            };
            let path = format!("/api/v1/products/{}", review.product);
            let product: Known = self.get(&path).await?;
            let path = format!("/api/v1/products/{}/reviews?limit=100", product.id);
            let all: Reviews = self.get(&path).await?;
            let Some(found) = all.items.iter().find(|it| it.user_id == writer.id) else { continue };
            let path = format!("/api/v1/reviews/{}/vote", found.id);
            for voter in review.helped.iter().filter_map(|short| id_of(short)) {
                let vote = request(Method::PUT, &path, Some(&json!({ "helpful": true })));
                voter.calls.send(vote).await?;
            }
        }
        Ok(())
    }
}

/// Places an order, and tells its id. None when the shop refuses: a visitor may have been faster.
async fn place(
    customer: &Customer,
    number: usize,
    purchase: &Purchase,
) -> Result<Option<String>, ControlError> {
    let body = json!({
        "lines": purchase.items, "shipping_address": address(customer.person),
        "shipping_method": "standard", "payment": { "provider": "sandbox", "token": "tok_ok" },
    });
    let mut place = request(Method::POST, "/api/v1/orders", Some(&body));
    once(&mut place, &format!("demo-order-{number}"));
    let placed: Result<Known, _> = customer.calls.call(place).await;
    match placed {
        Ok(order) => Ok(Some(order.id)),
        Err(error) => passed_over(error).map(|()| None),
    }
}

/// Asks staff's side of the shop to do something with the order. It is asked again until the order is as far.
async fn ask(
    operator: &Operator,
    order: &str,
    action: &str,
    body: &Value,
) -> Result<(), ControlError> {
    let mut asked = request(Method::POST, &format!("{order}/{action}"), Some(body));
    if action == "shipments" {
        once(&mut asked, &format!("demo-parcel-{order}"));
    }
    match operator.send(asked).await {
        Ok(_) => Ok(()),
        Err(error) => passed_over(error),
    }
}

/// A refusal that is the order's alone stops nothing else; what else fails is tried again.
fn passed_over(error: ControlError) -> Result<(), ControlError> {
    match error {
        ControlError::Refused(problem) if (400..500).contains(&problem.status) => {
            tracing::debug!(code = %problem.code, "the demo shop passes something over");
            Ok(())
        }
        error => Err(error),
    }
}

/// Makes that the request has its effect once, however often it is sent.
fn once(request: &mut http::Request<axum::body::Body>, key: &str) {
    let key = key.parse().expect("our own keys are in order");
    request.headers_mut().insert("idempotency-key", key);
}

/// The parcel of an order: its number is part of the order's.
fn parcel(order: &str) -> Value {
    let number = order.get(order.len().saturating_sub(10)..).unwrap_or(order).to_uppercase();
    json!({ "carrier": "DHL", "tracking_number": format!("JJD{number}") })
}

/// Where the customer lives.
fn address(person: &Person) -> Value {
    let (line1, postal_code, city, country) = match person.short() {
        "ines" => ("14 Rue des Tanneurs", "69001", "Lyon", "FR"),
        "jonas" => ("Lindenstraße 8", "04109", "Leipzig", "DE"),
        "leila" => ("Avenue des Saisons 51", "1050", "Brussels", "BE"),
        "priya" => ("9 Orchard Lane", "BS1 4QA", "Bristol", "GB"),
        _ => ("Rua do Poço 27", "4050-301", "Porto", "PT"),
    };
    json!({
        "name": person.name, "line1": line1, "postal_code": postal_code, "city": city,
        "country": country,
    })
}
