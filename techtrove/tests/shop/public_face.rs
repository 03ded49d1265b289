//! What the world sees of the shop, whatever it sends.

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestShop;

#[tokio::test(flavor = "multi_thread")]
async fn internal_routes_are_not_there() {
    let shop = TestShop::embedded().await;

    for path in [
        "/internal/orders/audit/orders",
        "/internal/identity/admins",
        "/internal/inventory/stock",
        "/v1/charges",
    ] {
        assert_eq!(shop.public.get(path).await.expect(404).problem_code(), "not_found", "{path}");
        shop.manager.post(path, &json!({})).await.expect(404);
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_beside_the_api_answers_this_machine_alone() {
    let shop = TestShop::embedded().await;

    for path in ["/dev/mail", "/audit", "/metrics"] {
        shop.public.get(path).await.expect(200);
        shop.public.get(path).header("x-forwarded-for", "127.0.0.1").await.expect(404);
        shop.public.get(path).header("host", "shop.example.com").await.expect(404);
    }
    shop.public.get("/healthz").await.expect(200);
    shop.public.get("/readyz").await.expect(200);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_and_security_headers() {
    let shop = TestShop::embedded().await;

    for path in ["/api/v1/products", "/api/v1/nowhere", "/healthz"] {
        let reply = shop.public.get(path).await;
        assert_ne!(reply.header("x-request-id"), "", "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-security-policy").contains("default-src 'none'"), "{path}");
    }
    shop.close().await;
}

/// `cargo xtask openapi` has it written instead.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a chore's word to this test, no setting of ours")]
async fn the_document_is_what_the_routes_describe() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../edge/gateway/openapi.json");

    let described = techtrove::shop::described().await.expect("a shop");

    let mut described = described.to_pretty_json().expect("JSON");
    described.push('\n');
    if std::env::var_os("TECHTROVE_WRITE_OPENAPI").is_some() {
        std::fs::write(file, described).expect("the document is written");
    } else {
        let carried = std::fs::read_to_string(file).expect("the document");
        assert!(carried == described, "{file} is of other routes: run `cargo xtask openapi`");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_lists_what_runs_and_every_operation_names_its_refusals() {
    let shop = TestShop::embedded().await;

    let document = shop.public.get("/api/v1/openapi.json").await.expect(200).value();

    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let paths = document["paths"].as_object().expect("paths");
    for wanted in [
        "/api/v1/products",
        "/api/v1/products/{id}",
        "/api/v1/products/import",
        "/api/v1/jobs/{id}",
        "/api/v1/categories",
        "/api/v1/products/{id}/reviews",
        "/api/v1/reviews/{id}",
        "/api/v1/reviews/{id}/vote",
        "/api/v1/users/me/favorites",
        "/api/v1/users/me/favorites/{product_id}",
        "/api/v1/inventory/{sku}",
        "/api/v1/inventory/availability",
        "/api/v1/orders",
        "/api/v1/orders/{id}",
        "/api/v1/auth/register",
        "/api/v1/auth/login",
        "/.well-known/jwks.json",
    ] {
        assert!(paths.contains_key(wanted), "{wanted} is missing in {:?}", paths.keys());
    }
    for (path, operations) in paths {
        assert!(!path.contains("/internal/"), "{path}");
        for (method, operation) in operations.as_object().expect("operations") {
            let statuses = operation["responses"].as_object().expect("responses");
            assert!(operation["operationId"].is_string(), "{method} {path}");
            assert!(statuses.keys().any(|status| status.starts_with('2')), "{method} {path}");
            // What answers people with a page refuses them with one.
            let page = statuses.get("200").is_some_and(|it| it["content"]["text/html"].is_object());
            for (status, response) in statuses.iter().filter(|(status, _)| status.as_str() >= "400")
            {
                let content = response["content"].as_object().expect("a body");
                let types = content.keys().filter(|kind| !page || *kind != "text/html");
                let types: Vec<_> = types.collect();
                let none = page && types.is_empty() && !content.is_empty();
                let problem = types == ["application/problem+json"];
                assert!(problem || none, "{method} {path} {status}: {content:?}");
            }
            for own in ["429", "431", "500", "503", "504"] {
                assert!(statuses.contains_key(own), "{method} {path} {own}");
            }
        }
    }
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(document["components"]["schemas"][name].is_object(), "{name} is nowhere");
    }
    shop.public.get("/docs/").await.expect(200);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_get_a_problem_and_change_nothing() {
    let shop = TestShop::embedded().await;
    shop.sell("KEY-1", 7_900, 10).await;
    let orders = "/api/v1/orders";
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let huge = format!("{{\"note\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let json_type = "application/json";

    for (status, content_type, body) in [
        (400, json_type, "{".to_owned()),
        (400, json_type, deep),
        (400, json_type, "{\"lines\":[],\"lines\":[]}".to_owned()),
        (413, json_type, huge),
        (415, "text/plain", "{}".to_owned()),
        (422, json_type, "[]".to_owned()),
        (422, json_type, "{}".to_owned()),
        (422, json_type, json!({"lines": [], "email": "a@example.com"}).to_string()),
        (422, json_type, order_with("/lines/0/quantity", json!(0))),
        (422, json_type, order_with("/lines/0/quantity", json!(-1))),
        (422, json_type, order_with("/lines/0/quantity", json!(1e300))),
        (422, json_type, order_with("/lines/0/quantity", json!("1"))),
        (422, json_type, order_with("/lines/0/sku", json!("NOT-THERE"))),
        (422, json_type, order_with("/lines/0/sku", json!("../../etc"))),
        (422, json_type, order_with("/lines/0/price", json!({"amount": 1, "currency": "USD"}))),
        (422, json_type, order_with("/status", json!("confirmed"))),
        (422, json_type, order_with("/email", json!("ada@example.com\r\nBcc: eve@example.com"))),
        (422, json_type, order_with("/shipping_address/country", json!("Atlantis"))),
        (422, json_type, order_with("/shipping_address/name", json!("Ada\u{0}"))),
        (422, json_type, order_with("/shipping_method", json!("teleport"))),
        (422, json_type, order_with("/payment/provider", json!("stripe-of-nobody"))),
        (
            422,
            json_type,
            order_with("/expected_total", json!({"amount": 8_400, "currency": "EUR"})),
        ),
    ] {
        let reply =
            shop.public.request(Method::POST, orders).body(content_type, body.clone()).await;
        let shown: String = body.chars().take(200).collect();
        assert_eq!(reply.status.as_u16(), status, "{shown}: {}", reply.text());
        assert!(reply.header("content-type").starts_with("application/problem+json"), "{shown}");
        assert_eq!(reply.value()["status"], status, "{shown}");
    }
    let stock = shop.stock("KEY-1").await;
    assert_eq!((&stock["held"], &stock["committed"]), (&json!(0), &json!(0)));
    shop.close().await;
}

/// An order of one `KEY-1` with the value at `pointer` set.
fn order_with(pointer: &str, value: Value) -> String {
    let mut order = crate::harness::order("KEY-1", 1, "tok_ok");
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    order.pointer_mut(parent).expect("it has such a parent")[name] = value;
    order.to_string()
}
