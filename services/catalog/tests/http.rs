//! Products and categories through the routes, as guests, customers and managers use them.

use serde_json::{Value, json};
use techtrove_bus::{AggregateRef, Event, EventContext, HandlerError, NewEvent, Taken};
use techtrove_catalog::domain::ProductBody;
use techtrove_catalog_api::{ProductId, ResolveSkusRequest};
use techtrove_community_api::{RATING_AGGREGATE, RATING_CHANGED, RatingChanged};
use techtrove_core::{SeededIds, TypedId};
use techtrove_inventory_api::{
    AVAILABILITY_CHANGED, Availability, AvailabilityChanged, STOCK_AGGREGATE,
};
use uuid::Uuid;

use crate::support::{Shop, product, usd};

#[tokio::test]
async fn a_product_is_made_read_edited_and_archived() {
    let shop = Shop::open().await;

    let made = shop.create(product("GeForce RTX 4090", "GPU-1")).await.expect(201);
    let body: ProductBody = made.json();
    let place = format!("/api/v1/products/{}", body.document.id);
    assert_eq!(made.header("location"), place);
    assert_eq!(body.document.slug.as_str(), "geforce-rtx-4090");
    assert_eq!(body.availability, Availability::OutOfStock);

    let by_id = shop.guest.get(&place).await.expect(200);
    let by_slug = shop.guest.get("/api/v1/products/geforce-rtx-4090").await.expect(200);
    assert_eq!((&by_id.body, &by_slug.body), (&made.body, &made.body));
    assert_eq!(by_id.header("etag"), made.header("etag"));
    let known = shop.guest.get(&place).header("if-none-match", made.header("etag")).await;
    assert_eq!(known.status, 304);

    let edit = shop.manager.patch(&place, &json!({"name": "RTX 4090", "price": usd(9_000)}));
    let edited = edit.header("if-match", made.header("etag")).await.expect(200);
    assert_eq!(
        (edited.value()["version"].clone(), edited.value()["price"].clone()),
        (json!(2), usd(9_000))
    );
    assert_eq!(edited.value()["slug"], "geforce-rtx-4090");

    let delete = || shop.manager.delete(&place);
    assert_eq!(delete().await.expect(428).problem_code(), "precondition_required");
    assert_eq!(
        delete().header("if-match", made.header("etag")).await.expect(412).problem_code(),
        "precondition_failed"
    );
    let _ = delete().header("if-match", edited.header("etag")).await.expect(204);
    assert_eq!(shop.guest.get(&place).await.expect(404).problem_code(), "not_found");
    assert_eq!(shop.manager.get(&place).await.expect(200).value()["status"], "archived");
}

#[tokio::test]
async fn only_managers_change_the_catalogue_and_see_drafts() {
    let shop = Shop::open().await;
    let mut draft = product("Draft", "D-1");
    draft["status"] = json!("draft");
    let made = shop.create(draft).await.expect(201);
    let place = made.header("location").to_owned();

    for (actor, status) in [(&shop.guest, 401), (&shop.customer, 403)] {
        let _ = actor.post("/api/v1/products", &product("X", "X")).await.expect(status);
        let _ = actor.patch(&place, &json!({})).header("if-match", "*").await.expect(status);
        let _ = actor.delete(&place).header("if-match", "*").await.expect(status);
        let _ = actor.post("/api/v1/categories", &json!({"name": "X"})).await.expect(status);
        let _ = actor.get("/api/v1/products?status=draft").await.expect(status);
        let import = actor.request(http::Method::POST, "/api/v1/products/import");
        let _ = import.body("application/x-ndjson", "{}").await.expect(status);
        let _ = actor.get(&place).await.expect(404);
        assert_eq!(actor.get("/api/v1/products").await.expect(200).value()["items"], json!([]));
    }
    let _ = shop.guest.bearer("forged").get(&place).await.expect(401);
    let _ = shop.manager.get(&place).await.expect(200);
    let drafts = shop.manager.get("/api/v1/products?status=draft").await.expect(200);
    assert_eq!(drafts.value()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn publishing_needs_every_price() {
    let shop = Shop::open().await;
    let unpriced = json!({"name": "A", "variants": [{"sku": "A", "price": usd(1)}, {"sku": "B"}]});
    let made = shop.create(unpriced).await.expect(201);
    let place = made.header("location").to_owned();

    let edit = |body: Value| shop.manager.patch(&place, &body).header("if-match", "*");
    let refused = edit(json!({"status": "active"})).await.expect(422);
    assert_eq!(refused.pointers(), ["/variants/1/price"]);
    let published = edit(json!({"status": "active", "price": usd(2)})).await.expect(200);
    let prices: Vec<Value> =
        (0..2).map(|n| published.value()["variants"][n]["price"].clone()).collect();
    assert_eq!(prices, [usd(1), usd(2)]);
    assert_eq!(published.value()["price"], usd(1));
    let _ = edit(json!({"status": "draft"})).await.expect(200);
    let _ = shop.guest.get(&place).await.expect(404);
}

#[tokio::test]
async fn an_edit_that_changes_nothing_keeps_the_version() {
    let shop = Shop::open().await;
    let made = shop.create(product("Keyboard", "KEY-1")).await.expect(201);
    let place = made.header("location");
    let edit =
        |body: Value| shop.manager.patch(place, &body).header("if-match", made.header("etag"));

    for nothing in [json!({}), json!({"name": "Keyboard"}), json!({"attributes": {"none": null}})] {
        let edited = edit(nothing).await.expect(200);

        assert_eq!(edited.body, made.body);
        assert_eq!(edited.header("etag"), made.header("etag"));
    }
    let category = shop.manager.post("/api/v1/categories", &json!({"name": "Input"}));
    let category = category.await.expect(201);
    let same = shop.manager.patch(category.header("location"), &json!({"name": "Input"}));
    let same = same.header("if-match", category.header("etag")).await.expect(200);
    assert_eq!(same.body, category.body);
}

#[tokio::test]
async fn skus_and_slugs_are_unique_in_the_shop() {
    let shop = Shop::open().await;
    let first = shop.create(product("Same name", "A")).await.expect(201);

    let taken = shop.create(product("Other", "A")).await.expect(409);
    assert_eq!((taken.problem_code().as_str(), &taken.value()["sku"]), ("sku_taken", &json!("A")));
    let second = shop.create(product("Same name", "B")).await.expect(201);
    assert_ne!(first.value()["slug"], second.value()["slug"]);
    let mut asked = product("Third", "C");
    asked["slug"] = json!("same-name");
    assert_eq!(shop.create(asked).await.expect(409).problem_code(), "slug_taken");
    let edit =
        |body: Value| shop.manager.patch(second.header("location"), &body).header("if-match", "*");
    assert_eq!(edit(json!({"slug": "same-name"})).await.expect(409).problem_code(), "slug_taken");
    let swap = edit(json!({"variants": [{"sku": "A"}]})).await.expect(409);
    assert_eq!(swap.problem_code(), "sku_taken");
    let archive = shop.manager.delete(first.header("location")).header("if-match", "*");
    let _ = archive.await.expect(204);
    assert_eq!(shop.create(product("New", "A")).await.expect(409).problem_code(), "sku_taken");
}

#[tokio::test]
async fn a_post_is_carried_out_once_per_key() {
    let shop = Shop::open().await;
    let post =
        |body: Value| shop.manager.post("/api/v1/products", &body).header("idempotency-key", "k1");

    let first = post(product("A", "A")).await.expect(201);
    let again = post(product("A", "A")).await.expect(201);

    assert_eq!((&first.body, first.header("location")), (&again.body, again.header("location")));
    assert!(!again.header("etag").is_empty());
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(post(product("B", "B")).await.expect(422).problem_code(), "idempotency_key_reused");
    let refused =
        shop.manager.post("/api/v1/products", &product("A", "A")).header("idempotency-key", "k2");
    let (first, again) = (refused.clone().await.expect(409), refused.await.expect(409));
    assert_eq!(
        (first.problem_code(), again.header("idempotent-replayed")),
        ("sku_taken".to_owned(), "true")
    );
    let invalid = || post(json!({"name": "", "variants": []})).header("idempotency-key", "k3");
    let _ = invalid().await.expect(422);
    assert_eq!(invalid().await.expect(422).header("idempotent-replayed"), "");
}

#[tokio::test]
async fn lists_go_on_behind_a_cursor() {
    let shop = Shop::open().await;
    let category =
        shop.manager.post("/api/v1/categories", &json!({"name": "Cards"})).await.expect(201);
    for number in 0..5 {
        let mut body = product(&format!("P{number}"), &format!("S{number}"));
        body["category_id"] = category.value()["id"].clone();
        let _ = shop.create(body).await.expect(201);
    }

    let mut names = Vec::new();
    let mut next = "/api/v1/products?category=cards&limit=2".to_owned();
    loop {
        let page = shop.guest.get(&next).await.expect(200).value();
        names.extend(
            page["items"].as_array().expect("a list").iter().map(|item| item["name"].clone()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("/api/v1/products?category=cards&limit=2&cursor={cursor}");
        let _ = shop.create(product("New", &format!("N{}", names.len()))).await.expect(201);
    }
    assert_eq!(names, ["P4", "P3", "P2", "P1", "P0"]);
    let none = shop.guest.get("/api/v1/products?category=unknown").await.expect(200);
    assert_eq!(none.value(), json!({"items": [], "next_cursor": null}));
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "cursor=%25",
        "colour=red",
        "sort=bestsold",
        "status=gone",
        "q=",
        "price_min=-1",
        "price_max=x",
        "price_min=2&price_max=1",
        "in_stock=perhaps",
        "rating_min=5.1",
        "rating_min=NaN",
    ] {
        let _ = shop.guest.get(&format!("/api/v1/products?{query}")).await.expect(422);
    }
}

#[tokio::test]
async fn lists_are_filtered_and_sorted_and_a_cursor_belongs_to_one() {
    let shop = Shop::open().await;
    for (number, price) in [300, 100, 200, 100].into_iter().enumerate() {
        let mut body = product(&format!("Mouse {number}"), &format!("M{number}"));
        (body["price"], body["brand"]) = (usd(price), json!("Acme"));
        let _ = shop.create(body).await.expect(201);
    }
    let list = async |query: &str| {
        shop.guest.get(&format!("/api/v1/products?{query}")).await.expect(200).value()
    };
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("a list");
        items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
    };

    assert_eq!(names(&list("sort=price&price_min=200").await), ["Mouse 2", "Mouse 0"]);
    assert_eq!(names(&list("sort=-price&price_max=199").await), ["Mouse 3", "Mouse 1"]);
    assert_eq!(names(&list("q=ACME&price_max=200&limit=2").await), ["Mouse 3", "Mouse 2"]);
    assert_eq!(names(&list("q=mouse%202&brand=acme&sort=relevance").await), ["Mouse 2"]);
    assert_eq!(names(&list("in_stock=true").await), [""; 0]);
    assert_eq!(names(&list("in_stock=false&sort=rating&limit=1").await), ["Mouse 3"]);
    assert_eq!(names(&list("rating_min=0.5").await), [""; 0]);

    let page = list("sort=price&limit=2").await;
    assert_eq!(names(&page), ["Mouse 1", "Mouse 3"]);
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let mut cheap = product("Cheap", "C");
    cheap["price"] = usd(50);
    let _ = shop.create(cheap).await.expect(201);
    let rest = list(&format!("sort=price&limit=3&cursor={cursor}")).await;
    assert_eq!(names(&rest), ["Mouse 2", "Mouse 0"]);
    for other in ["", "sort=-price", "sort=price&price_min=1", "sort=price&q=mouse"] {
        let refused = shop.guest.get(&format!("/api/v1/products?{other}&cursor={cursor}"));
        let refused = refused.await.expect(422);
        assert_eq!(refused.problem_code(), "invalid_cursor");
        assert_eq!(refused.pointers(), ["/cursor"]);
    }
}

#[tokio::test]
async fn categories_are_a_tree() {
    let shop = Shop::open().await;
    let make = async |body: Value| shop.manager.post("/api/v1/categories", &body).await.expect(201);
    let parts = make(json!({"name": "Parts"})).await;
    let parts_id = parts.value()["id"].clone();
    let cards = make(json!({"name": "Video cards", "parent_id": parts_id, "position": 2})).await;
    let _ = make(json!({"name": "CPUs", "parent_id": parts_id, "position": 1})).await;

    let tree = shop.guest.get("/api/v1/categories").await.expect(200).value();
    let children = tree["items"][0]["children"].as_array().expect("children").clone();
    assert_eq!(
        children.iter().map(|c| c["slug"].clone()).collect::<Vec<_>>(),
        ["cpus", "video-cards"]
    );
    let read = shop.guest.get("/api/v1/categories/video-cards").await.expect(200);
    assert_eq!((&read.body, read.header("etag")), (&cards.body, cards.header("etag")));

    let knot =
        shop.manager.patch(parts.header("location"), &json!({"parent_id": cards.value()["id"]}));
    assert_eq!(knot.header("if-match", "*").await.expect(422).pointers(), ["/parent_id"]);
    let delete = |place: &str| shop.manager.delete(place).header("if-match", "*");
    assert_eq!(
        delete(parts.header("location")).await.expect(409).problem_code(),
        "category_not_empty"
    );
    let edit =
        shop.manager.patch(cards.header("location"), &json!({"parent_id": null, "name": "Cards"}));
    let moved = edit.header("if-match", cards.header("etag")).await.expect(200);
    assert_eq!((&moved.value()["parent_id"], &moved.value()["version"]), (&Value::Null, &json!(2)));
    let mut placed = product("Card", "C");
    placed["category_id"] = cards.value()["id"].clone();
    let _ = shop.create(placed).await.expect(201);
    assert_eq!(
        delete(cards.header("location")).await.expect(409).problem_code(),
        "category_not_empty"
    );
    let _ = shop.manager.patch(cards.header("location"), &json!({})).await.expect(428);
}

#[tokio::test]
async fn orders_learns_what_can_be_sold() {
    let shop = Shop::open().await;
    let mut sold = product("Case", "CASE-B");
    sold["variants"] = json!([{"sku": "CASE-B", "options": {"color": "Black"}}, {"sku": "CASE-W", "price": usd(7), "options": {"color": "White"}}]);
    sold["fulfilment"] = json!("digital");
    let _ = shop.create(sold).await.expect(201);
    let _ = shop
        .create(json!({"name": "Draft", "price": usd(1), "variants": [{"sku": "DRAFT"}]}))
        .await
        .expect(201);

    let skus = ["CASE-W", "DRAFT", "UNKNOWN", "CASE-W"].map(|sku| sku.parse().expect("a SKU"));
    let answer = shop
        .client
        .resolve_skus(&ResolveSkusRequest { skus: skus.to_vec() })
        .await
        .expect("answered");

    let items: Vec<_> =
        answer.items.iter().map(|i| (i.sku.as_str(), i.name.as_str(), i.price.amount)).collect();
    assert_eq!(items, [("CASE-W", "Case (White)", 7)]);
    let many = (0..201).map(|n| format!("S{n}").parse().expect("a SKU")).collect();
    let refused =
        shop.client.resolve_skus(&ResolveSkusRequest { skus: many }).await.expect_err("too many");
    assert_eq!(refused.refusal().map(|problem| problem.status), Some(422));
}

#[tokio::test]
async fn community_learns_which_products_are_on_sale() {
    let shop = Shop::open().await;
    let id = |reply: &Value| reply["id"].as_str().expect("an id").parse().expect("a product's id");
    let active = shop.create(product("Active", "ACTIVE")).await.expect(201).value();
    let draft = json!({"name": "Draft", "price": usd(1), "variants": [{"sku": "DRAFT"}]});
    let draft = shop.create(draft).await.expect(201).value();

    let answers = [
        shop.client.is_on_sale(id(&active)).await.expect("answered"),
        shop.client.is_on_sale(id(&draft)).await.expect("answered"),
        shop.client.is_on_sale(ProductId::from_uuid(Uuid::from_u128(1))).await.expect("answered"),
    ];

    assert_eq!(answers, [true, false, false]);
}

#[tokio::test]
async fn inventory_knows_new_skus_at_once_and_may_be_away() {
    let shop = Shop::open().await;

    let _ = shop.create(product("A", "A")).await.expect(201);
    shop.inventory.be_away(true);
    let _ = shop.create(product("B", "B")).await.expect(201);

    let told: Vec<_> =
        shop.inventory.told().iter().map(|item| (item.sku.to_string(), item.on_hand)).collect();
    assert_eq!(told, [("A".to_owned(), None)]);
}

#[tokio::test]
async fn availability_follows_inventory_and_spoils_no_edit() {
    let shop = Shop::open().await;
    let made = shop.create(product("A", "A-1")).await.expect(201);
    let place = made.header("location");
    let changed = AvailabilityChanged {
        sku: "A-1".parse().expect("a SKU"),
        availability: Availability::InStock,
    };
    let ids = SeededIds::new(shop.clock.clone(), 3);
    let context = EventContext::new(&*shop.clock, &ids);
    let event = NewEvent {
        kind: AVAILABILITY_CHANGED,
        aggregate: AggregateRef { kind: STOCK_AGGREGATE, id: Uuid::from_u128(5) },
        data: json!(changed),
    };
    let event = std::sync::Arc::new(Event::new("/techtrove/inventory", &context, &event, 1));

    let handler = &shop.service.subscriptions[0].handler;
    for _ in 0..2 {
        assert!(matches!(handler.handle(event.clone()).await, Ok(Taken::Handled)));
    }

    let read = shop.guest.get(place).await.expect(200);
    assert_eq!(
        (&read.value()["availability"], &read.value()["version"]),
        (&json!("in_stock"), &json!(1))
    );
    assert_ne!(read.header("etag"), made.header("etag"));
    let edit =
        shop.manager.patch(place, &json!({"name": "B"})).header("if-match", made.header("etag"));
    assert_eq!(edit.await.expect(200).value()["availability"], "in_stock");
}

#[tokio::test]
async fn a_rating_follows_community_and_spoils_no_edit() {
    let shop = Shop::open().await;
    let made = shop.create(product("A", "A-1")).await.expect(201);
    let _ = shop.create(product("B", "B-1")).await.expect(201);
    let place = made.header("location");
    let product_id = made.json::<ProductBody>().document.id;
    let ids = SeededIds::new(shop.clock.clone(), 3);
    let event = |sum, sequence| {
        let changed = RatingChanged { product_id, sum, count: 3, revision: sequence };
        let event = NewEvent {
            kind: RATING_CHANGED,
            aggregate: AggregateRef::new(RATING_AGGREGATE, product_id),
            data: json!(changed),
        };
        let context = EventContext::new(&*shop.clock, &ids);
        std::sync::Arc::new(Event::new("/techtrove/community", &context, &event, sequence))
    };
    let handler = &shop.service.subscriptions[1].handler;
    let (first, second) = (event(3, 1), event(13, 2));

    for (event, comes_too_early) in [(&second, true), (&first, false), (&second, false)] {
        let taken = handler.handle(event.clone()).await;
        assert_eq!(matches!(taken, Err(HandlerError::Gap { .. })), comes_too_early, "{taken:?}");
    }
    for event in [&first, &second] {
        assert!(matches!(handler.handle(event.clone()).await, Ok(Taken::Handled)));
    }

    let read = shop.guest.get(place).await.expect(200);
    let rating = json!({"average": 4.33, "count": 3});
    assert_eq!((&read.value()["rating"], &read.value()["version"]), (&rating, &json!(1)));
    assert_ne!(read.header("etag"), made.header("etag"));
    let names = async |query: &str| {
        let list = shop.guest.get(&format!("/api/v1/products?{query}")).await.expect(200).value();
        let items = list["items"].as_array().expect("a list").iter();
        items.map(|item| item["name"].clone()).collect::<Value>()
    };
    assert_eq!(names("sort=rating").await, json!(["A", "B"]));
    assert_eq!(names("rating_min=4.33").await, json!(["A"]));
    assert_eq!(names("rating_min=4.34").await, json!([]));
}

/// Every `$ref` in `value`.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).map(str::to_owned);
            found.extend(own);
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_of_the_routes_is_whole() {
    let shop = Shop::open().await;

    let mut found = Vec::new();
    references(&shop.document, &mut found);

    for reference in &found {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(shop.document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let schemas = &shop.document["components"]["schemas"];
    assert_eq!(schemas["NewProduct"]["required"], json!(["name", "variants"]));
    assert_eq!(schemas["ProductPatch"]["required"], Value::Null);
    assert_eq!(schemas["ProductPatch"]["additionalProperties"], false);
}
