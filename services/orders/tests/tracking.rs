//! Tracking an order through HTTP: nothing is lost or told twice, over reconnections and while the
//! order changes; who may listen; and how a stream ends.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, body::Body, http::Request, routing};
use serde_json::{Value, json};
use techtrove_core::{Clock as _, SharedClock};
use techtrove_db::{DbError, p};
use techtrove_http::{Client, server::Draining};
use techtrove_identity_api::{Authenticator, IdentityClient, KnownStanding, Role, Standing};
use techtrove_orders::{
    Config, Tracking, domain::EntryKind, domain::Order, recover_due, service, store,
};
use techtrove_testing::{Reply, sqlite_inline};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::world::{FOREVER, Heard, Listener, ORDERS, Setting, Shop, World, wish};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

/// A process that hears of changes by its hub alone.
async fn shop(world: &World, tracking: Tracking) -> Shop {
    let config = Config { tracking, ..Config::default() };
    world.shop(Setting { config, ..Setting::default() }).await
}

fn usual() -> Tracking {
    Tracking { poll: FOREVER, ..Tracking::default() }
}

/// A guest's order and its token.
struct Bought {
    path: String,
    token: String,
}

async fn buy(shop: &Shop, token: &str) -> Bought {
    let reply = shop.actor.post(ORDERS, &wish(&[("GPU", 1)], token)).await.expect(201);
    shop.app.drivers.idle().await;
    let body = reply.value();
    let text = |member: &str| body[member].as_str().expect("a text").to_owned();
    Bought { path: format!("{ORDERS}/{}", text("id")), token: text("guest_token") }
}

impl Bought {
    fn events(&self) -> String {
        format!("{}/events", self.path)
    }

    /// A request of its guest for what comes after `after`.
    fn request(&self, after: u64) -> Request<Body> {
        let request = Request::get(self.events()).header("x-guest-token", &self.token);
        request.header("last-event-id", after).body(Body::empty()).expect("a request")
    }

    async fn ticket(&self, shop: &Shop) -> Reply {
        let guest = shop.actor.with_header("x-guest-token", &self.token);
        guest
            .request("POST".parse().expect("a method"), &format!("{}/stream-ticket", self.path))
            .await
    }

    async fn stream_by_ticket(&self, shop: &Shop) -> String {
        let ticket = self.ticket(shop).await.expect(201).value();
        format!("{}?ticket={}", self.events(), ticket["ticket"].as_str().expect("a ticket"))
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

fn story(heard: &[Heard]) -> Vec<(u64, String, Value)> {
    heard.iter().map(|one| (one.id, one.name.clone(), one.data["status"].clone())).collect()
}

fn told(story: &[(u64, &str, &str)]) -> Vec<(u64, String, Value)> {
    story.iter().map(|(id, name, status)| (*id, (*name).to_owned(), json!(status))).collect()
}

/// Another parcel of the order, as another use case will store it.
async fn ship(shop: &Shop, order: &Order, number: u32) {
    let order = order.clone();
    let id = order.id;
    let stored: Result<u64, DbError> = shop
        .app
        .db
        .write("test.ship", move |tx| {
            let data = json!({"status": "shipped", "number": number}).to_string();
            let moved = "UPDATE orders SET updated_at = ? WHERE id = ?";
            tx.execute(moved, p![order.updated_at, order.id])?;
            tx.execute_many(&[store::entry_row(&order, EntryKind::Shipment, &data)])
        })
        .await;
    stored.expect("stored");
    shop.app.hub.tell(id);
}

#[tokio::test]
async fn a_stream_begins_with_what_became_of_the_order() {
    let world = world().await;
    let shop = shop(&world, usual()).await;
    let bought = buy(&shop, "tok_ok").await;

    let mut listener = Listener::open(&world, &shop, bought.request(0)).await.expect("opened");
    let heard = listener.events(4).await;

    assert_eq!(
        story(&heard),
        told(&[
            (1, "status", "pending"),
            (2, "payment", "authorized"),
            (3, "status", "confirmed"),
            (4, "payment", "captured"),
        ])
    );
    let guest = shop.actor.with_header("x-guest-token", &bought.token);
    let order = guest.get(&bought.path).await.expect(200).value();
    assert_eq!([&heard[0].data, &heard[2].data], [&order["history"][0], &order["history"][1]]);
    assert_eq!(heard[3].data["id"], order["payment"]["id"]);
    assert_eq!(heard[3].data["at"], order["updated_at"]);
}

#[tokio::test]
async fn a_change_is_told_when_it_comes_and_its_repetition_never() {
    let world = world().await;
    let shop = shop(&world, usual()).await;
    let bought = buy(&shop, "tok_timeout").await;
    let mut listener = Listener::open(&world, &shop, bought.request(0)).await.expect("opened");
    let begun = listener.events(1).await;

    for _ in 0..6 {
        world.clock.advance(Duration::from_secs(70));
        recover_due(&shop.app).await.expect("recovers");
    }
    let heard = listener.events(3).await;

    assert_eq!(story(&begun), told(&[(1, "status", "pending")]));
    assert_eq!(
        story(&heard),
        told(&[
            (2, "payment", "authorized"),
            (3, "status", "confirmed"),
            (4, "payment", "captured")
        ])
    );
}

#[tokio::test]
async fn what_another_process_changed_is_told_too() {
    let world = world().await;
    let poll = Duration::from_millis(5);
    let here = shop(&world, Tracking { poll, ..Tracking::default() }).await;
    let elsewhere = shop(&world, usual()).await;
    let bought = buy(&here, "tok_timeout").await;
    let mut listener = Listener::open(&world, &here, bought.request(1)).await.expect("opened");

    for _ in 0..6 {
        world.clock.advance(Duration::from_secs(70));
        recover_due(&elsewhere.app).await.expect("recovers");
    }

    let heard = listener.events(3).await;
    assert_eq!(heard.iter().map(|one| one.id).collect::<Vec<_>>(), [2, 3, 4]);
}

#[tokio::test]
async fn nothing_is_lost_or_told_twice_over_reconnections() {
    const PARCELS: u32 = 300;
    let world = world().await;
    let shop = Arc::new(shop(&world, usual()).await);
    let bought = buy(&shop, "tok_ok").await;
    let order = world.orders().await.remove(0);
    let writer = Arc::clone(&shop);
    let shipping = tokio::spawn(async move {
        for number in 0..PARCELS {
            ship(&writer, &order, number).await;
            tokio::task::yield_now().await;
        }
    });

    let last = u64::from(PARCELS) + 4;
    let (mut heard, mut after, mut turn) = (Vec::new(), 0, 0);
    while after < last {
        let request = bought.request(after);
        let mut listener = Listener::open(&world, &shop, request).await.expect("opened");
        for _ in 0..=turn % 9 {
            if after == last {
                break;
            }
            after = listener.event().await.expect("the stream goes on").id;
            heard.push(after);
        }
        turn += 1;
    }
    shipping.await.expect("no panic");

    assert_eq!(heard, (1..=last).collect::<Vec<_>>());
    assert!(turn > 30, "{turn} connections");
}

#[tokio::test]
async fn a_stream_is_opened_by_whom_the_order_concerns() {
    let world = world().await;
    let shop = shop(&world, usual()).await;
    let bought = buy(&shop, "tok_ok").await;
    let (ada, support) = (world.token(1, &[Role::Customer]), world.token(3, &[Role::Support]));
    let none = format!("{ORDERS}/ord_01kafy3m2se6rbq3tmn4y4bwqd/events");
    let events = bought.events();

    for (path, header, value, status) in [
        (&events, "x-guest-token", bought.token.clone(), Ok(())),
        (&events, "authorization", format!("Bearer {support}"), Ok(())),
        (&events, "authorization", format!("Bearer {ada}"), Err(404)),
        (&events, "authorization", "Bearer x".into(), Err(401)),
        (&events, "x-guest-token", "A".repeat(43), Err(404)),
        (&events, "x-guest-token", "wrong".into(), Err(401)),
        (&events, "accept", "text/event-stream".into(), Err(401)),
        (&none, "authorization", format!("Bearer {support}"), Err(404)),
    ] {
        let request = Request::get(path).header(header, &value).body(Body::empty());
        let request = request.expect("a request");
        let opened = Listener::open(&world, &shop, request).await.map(drop);
        assert_eq!(opened, status, "{path} {header}");
        let asked = shop.actor.with_header(header, &value);
        let ticket = path.replace("/events", "/stream-ticket");
        let ticket = asked.post(&ticket, &json!({})).await;
        assert_eq!(ticket.status.as_u16(), status.err().unwrap_or(201), "{path} {header}");
    }
}

#[tokio::test]
async fn a_refused_attempt_is_no_story() {
    let world = world().await;
    let shop = shop(&world, usual()).await;
    let ada = world.token(1, &[Role::Customer]);
    let body = wish(&[("GPU", 1)], "tok_declined");
    let _ = shop.actor.bearer(&ada).post(ORDERS, &body).await.expect(402);
    let order = world.orders().await.remove(0);
    let path = format!("{ORDERS}/{}/events", order.id);
    let open = async |token: &str| {
        let request = Request::get(&path).header("authorization", format!("Bearer {token}"));
        Listener::open(&world, &shop, request.body(Body::empty()).expect("a request")).await
    };

    assert_eq!(open(&ada).await.map(drop), Err(404));
    let mut staff = open(&world.token(3, &[Role::Support])).await.expect("opened");
    ship(&shop, &order, 1).await;

    assert_eq!(staff.block().await.as_deref(), Some("retry: 1000"));
    assert!(timeout(Duration::ZERO, staff.block()).await.is_err(), "nothing is told");
}

#[tokio::test]
async fn a_ticket_opens_one_stream_of_its_order_for_a_minute() {
    let world = world().await;
    let shop = shop(&world, usual()).await;
    let (bought, other) = (buy(&shop, "tok_ok").await, buy(&shop, "tok_ok").await);
    let issued = bought.ticket(&shop).await.expect(201);
    assert_eq!(issued.header("location"), bought.events());
    assert_eq!(issued.header("cache-control"), "no-store");
    let in_a_minute = world.clock.now().plus(Duration::from_secs(60));
    assert_eq!(issued.value()["expires_at"], json!(in_a_minute));
    let stream = bought.stream_by_ticket(&shop).await;
    let open = async |path: &str| Listener::open(&world, &shop, get(path)).await;

    let head = Request::head(&stream).body(Body::empty()).expect("a request");
    assert_eq!(Listener::open(&world, &shop, head).await.map(drop), Err(405), "leaves the ticket");
    let elsewhere = stream.replace(&bought.path, &other.path);
    assert_eq!(open(&elsewhere).await.map(drop), Err(401), "of another order");
    let mut listener = open(&format!("{stream}&last_event_id=2")).await.expect("opened");
    assert_eq!(listener.event().await.expect("an event").id, 3);
    assert_eq!(open(&stream).await.map(drop), Err(401), "used");

    let stream = bought.stream_by_ticket(&shop).await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(open(&stream).await.map(drop), Err(401), "expired");
    for ticket in ["", "x", "%00", &"x".repeat(9_000)] {
        let refused = open(&format!("{}?ticket={ticket}", bought.events())).await.map(drop);
        assert!(matches!(refused, Err(401 | 422)), "{refused:?} for {ticket}");
    }
}

/// Identity, of which every session stands like this.
fn identity(world: &World, standing: &Arc<Mutex<Standing>>) -> Arc<Authenticator> {
    let standing = Arc::clone(standing);
    let answer = async move || {
        let standing = standing.lock().expect("whole").clone();
        Json(KnownStanding { standing: Some(standing) })
    };
    let path = "/internal/identity/sessions/{id}/standing";
    let jwks = world.key.jwks();
    let keys = Router::new().route("/.well-known/jwks.json", routing::get(async || Json(jwks)));
    let client = Client::local("identity", keys.route(path, routing::get(answer)));
    let clock = Arc::clone(&world.clock) as SharedClock;
    Arc::new(Authenticator::new(client.clone(), IdentityClient::new(client), clock))
}

#[tokio::test]
async fn a_stream_ends_with_the_session_or_the_role_that_opened_it() {
    for (number, role, seconds) in [(1, Role::Customer, 31), (3, Role::Support, 4)] {
        let world = world().await;
        let shop = shop(&world, usual()).await;
        let reply = shop
            .actor
            .bearer(&world.token(1, &[Role::Customer]))
            .post(ORDERS, &wish(&[("GPU", 1)], "tok_ok"))
            .await
            .expect(201);
        shop.app.drivers.idle().await;
        let roles = vec![Role::Customer, role];
        let token = world.token(number, &roles);
        let standing = Arc::new(Mutex::new(Standing { ended: false, roles, categories: None }));
        let path = format!("{}/events", reply.header("location"));
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let request = request.body(Body::empty()).expect("a request");
        let authenticator = identity(&world, &standing);
        let mut listener = Listener::open_by(authenticator, &shop, request).await.expect("opened");
        let order = world.orders().await.remove(0);

        let _ = listener.events(4).await;
        ship(&shop, &order, 1).await;
        assert_eq!(listener.event().await.expect("told").id, 5, "{role}");
        *standing.lock().expect("whole") = match role {
            Role::Customer => Standing { ended: true, roles: vec![], categories: None },
            _ => Standing { ended: false, roles: vec![Role::Customer], categories: None },
        };
        world.clock.advance(Duration::from_secs(seconds));
        ship(&shop, &order, 2).await;
        assert!(listener.event().await.is_none(), "{role}");
    }
}

#[tokio::test]
async fn a_clients_words_on_what_it_has_are_checked() {
    let world = world().await;
    let shop = shop(&world, usual()).await;
    let bought = buy(&shop, "tok_ok").await;
    let guest = shop.actor.with_header("x-guest-token", &bought.token);

    for id in ["x", "-1", "", "1.5", "9223372036854775808"] {
        let refused = guest.get(&bought.events()).header("last-event-id", id).await.expect(400);
        assert_eq!(refused.problem_code(), "bad_request", "{id}");
    }
    for (query, pointer) in [
        ("last_event_id=x", "/last_event_id"),
        ("last_event_id=-1", "/last_event_id"),
        ("a=1", "/a"),
    ] {
        let refused = guest.get(&format!("{}?{query}", bought.events())).await.expect(422);
        assert_eq!(refused.pointers(), [pointer]);
    }
    let unknown = bought.request(i64::MAX.unsigned_abs());
    let mut listener = Listener::open(&world, &shop, unknown).await.expect("opened");
    assert_eq!(listener.event().await.expect("an event").id, 1, "all is told");
}

#[tokio::test]
async fn streams_are_so_many_and_no_more_and_leave_nothing_behind() {
    let world = world().await;
    let tracking = Tracking { streams: 2, streams_per_order: 1, ..usual() };
    let shop = shop(&world, tracking).await;
    let bought =
        [buy(&shop, "tok_ok").await, buy(&shop, "tok_ok").await, buy(&shop, "tok_ok").await];
    let ids: Vec<_> = world.orders().await.iter().map(|order| order.id).collect();
    let by_ticket = bought[2].stream_by_ticket(&shop).await;
    let open = async |request| Listener::open(&world, &shop, request).await;

    let first = open(bought[0].request(0)).await.expect("opened");
    let guest = shop.actor.with_header("x-guest-token", &bought[0].token);
    let of_one = guest.get(&bought[0].events()).await.expect(429);
    let second = open(bought[1].request(0)).await.expect("opened");
    let of_all = shop.actor.get(&by_ticket).await.expect(503);

    assert_eq!([of_one.header("retry-after"), of_all.header("retry-after")], ["5", "5"]);
    drop(first);
    let third = open(get(&by_ticket)).await.expect("the ticket was not used up");
    drop((second, third));
    assert!(ids.iter().all(|id| shop.app.hub.watchers(*id) == 0));
    assert_eq!(shop.app.streams.available_permits(), 2);
}

#[tokio::test]
async fn a_draining_server_ends_its_streams() {
    let world = world().await;
    let shop = shop(&world, usual()).await;
    let bought = buy(&shop, "tok_ok").await;
    let drains = CancellationToken::new();
    let mut request = bought.request(4);
    request.extensions_mut().insert(Draining::new(drains.clone()));
    let mut listener = Listener::open(&world, &shop, request).await.expect("opened");
    assert_eq!(listener.block().await.as_deref(), Some("retry: 1000"));

    drains.cancel();

    assert_eq!(listener.block().await.as_deref(), Some(": ending"));
    assert_eq!(listener.block().await, None);
}

#[tokio::test]
async fn every_status_is_documented() {
    let world = world().await;
    let shop = shop(&world, usual()).await;
    let public = service(&shop.app, world.authenticator()).public;

    let document = serde_json::to_value(public.into_openapi()).expect("JSON");

    let paths = &document["paths"];
    let events = &paths["/api/v1/orders/{id}/events"]["get"]["responses"];
    for status in ["200", "400", "401", "404", "422", "429", "500", "503"] {
        assert!(events[status].is_object(), "{status}");
    }
    assert!(events["200"]["content"]["text/event-stream"].is_object());
    let ticket = &paths["/api/v1/orders/{id}/stream-ticket"]["post"]["responses"];
    assert!(ticket["201"]["headers"]["Location"].is_object());
}
