//! The demo shop: whole in an empty folder, also after a kill, and closed to strangers.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use techtrove_testing::{Actor, eventually};

use crate::harness::{SOON, items, order};
use crate::program::{Program, path};

/// Starts a shop on a folder, with these options and all limits off where that is allowed.
pub fn start(folder: &Path, listen: &str, options: &[&str]) -> Program {
    let mut command = Command::new(path());
    command.args(["up", "--listen", listen, "--data"]).arg(folder).args(options);
    let limit = if listen.starts_with("127.") { "off" } else { "100000" };
    command.env("TECHTROVE_RATE_LIMIT", limit).stderr(Stdio::null());
    Program::run(command)
}

/// How long loading may take beside all other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until the demo shop of the folder is loaded, and so.
pub async fn becomes(folder: &Path, stage: &str) {
    eventually(PATIENCE, async || {
        let said = fs::read_to_string(folder.join("demo-stage")).ok()?;
        (said.trim() == stage).then_some(())
    })
    .await;
}

/// Role, address and password of everybody in the accounts file.
pub fn accounts(folder: &Path) -> Vec<(String, Value)> {
    let text = fs::read_to_string(folder.join("demo-accounts.txt")).expect("there");
    let people = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[0].to_owned(), json!({"email": words[1], "password": words[2]}))
    });
    people.collect()
}

/// All products on sale.
async fn products(shop: &Actor) -> Vec<Value> {
    let (mut all, mut path) = (Vec::new(), "/api/v1/products?limit=100".to_owned());
    loop {
        let page = shop.get(&path).await.expect(200).value();
        all.extend(items(&page).iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return all };
        path = format!("/api/v1/products?limit=100&cursor={next}");
    }
}

fn count(categories: &Value) -> usize {
    let categories = categories.as_array().expect("a list");
    categories.iter().map(|category| 1 + count(&category["children"])).sum()
}

/// What there is to be counted in a demo shop: products, SKUs, categories, collections.
async fn counts(shop: &Actor) -> (usize, usize, usize, usize) {
    let products = products(shop).await;
    let skus = products.iter().flat_map(|product| product["variants"].as_array().expect("a list"));
    let skus: BTreeSet<_> = skus.filter_map(|variant| variant["sku"].as_str()).collect();
    let categories = shop.get("/api/v1/categories").await.expect(200).value();
    let collections = shop.get("/api/v1/collections").await.expect(200).value();
    (products.len(), skus.len(), count(&categories["items"]), items(&collections).len())
}

#[tokio::test]
async fn an_empty_folder_becomes_a_shop_worth_visiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = start(folder.path(), "127.0.0.1:0", &[]);
    let shop = program.public();

    becomes(folder.path(), "open").await;

    let (products, skus, categories, collections) = counts(&shop).await;
    assert!(products >= 80 && skus > products && categories >= 10 && collections >= 5);
    let picks = shop.get("/api/v1/collections/under-100").await.expect(200).value();
    assert!(picks["products"].as_array().is_some_and(|picks| picks.len() >= 8), "{picks}");
    let hush = product(&shop, "brindlewave-hush-3").await;
    let path = format!("/api/v1/products/{}/reviews", hush["id"].as_str().expect("an id"));
    let reviews = shop.get(&path).await.expect(200).value();
    assert_eq!(reviews["rating"]["count"], 5, "{reviews}");
    eventually(SOON, async || {
        let shown = product(&shop, "brindlewave-hush-3").await;
        (shown["rating"]["count"] == 5).then_some(())
    })
    .await;
    has_a_past(&shop, folder.path()).await;
    let key = order("LMW-DRAFT-1PERSON1YEAR", 1, "tok_ok");
    shop.post("/api/v1/orders", &key).await.expect(201);
    let accounts = accounts(folder.path());
    let file = fs::metadata(folder.path().join("demo-accounts.txt")).expect("there");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert!(program.summary.iter().any(|line| line.ends_with("demo-accounts.txt")));
    for (role, credentials) in &accounts {
        let signed_in = shop.post("/api/v1/auth/login", credentials).await.expect(200).value();
        assert_eq!(signed_in["user"]["roles"], json!([role]));
    }
    let roles: BTreeSet<&str> = accounts.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, BTreeSet::from(["admin", "customer", "manager", "support"]));
    assert_eq!(program.interrupt(), 0);
}

/// The statuses of all orders in the shop, by what was bought and who did.
async fn bought(shop: &Actor, folder: &Path) -> Vec<(String, String)> {
    let support = sign_in(shop, &accounts(folder), "support").await;
    let page = support.get("/api/v1/orders?limit=100").await.expect(200).value();
    assert!(page["next_cursor"].is_null());
    let bought = |order: &Value| {
        let lines = order["lines"].as_array().expect("a list").iter();
        let lines: Vec<_> = lines.map(|it| format!("{} {}", it["quantity"], it["sku"])).collect();
        let what = format!("{} {}", order["shipping_address"]["name"], lines.join(", "));
        (what, order["status"].as_str().expect("a status").to_owned())
    };
    let mut all: Vec<_> = items(&page).iter().map(bought).collect();
    all.sort();
    all
}

/// Customers bought, got their parcels, and reviews are those of buyers and helped others.
async fn has_a_past(shop: &Actor, folder: &Path) {
    let orders = bought(shop, folder).await;
    let count = |status: &str| orders.iter().filter(|(_, its)| its == status).count();
    assert!(count("delivered") >= 20 && count("shipped") > 0 && count("confirmed") > 0);
    assert_eq!(orders.len(), count("delivered") + count("shipped") + count("confirmed"));
    eventually(SOON, async || {
        let best = shop.get("/api/v1/products?sort=bestselling&limit=1").await.expect(200).value();
        (items(&best)[0]["slug"] == "tesvara-lumen-8").then_some(())
    })
    .await;
    let hush = product(shop, "brindlewave-hush-3").await;
    let path = format!("/api/v1/products/{}/reviews", hush["id"].as_str().expect("an id"));
    eventually(SOON, async || {
        let page = shop.get(&format!("{path}?sort=helpful")).await.expect(200).value();
        let reviews = items(&page);
        let verified = reviews.iter().filter(|it| it["verified_purchase"] == true).count();
        let helped = reviews[0]["votes"]["helpful"].as_i64().is_some_and(|votes| votes > 0);
        (verified > 0 && verified < reviews.len() && helped).then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_product_has_pictures_which_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = start(folder.path(), "127.0.0.1:0", &[]);
    let shop = program.public();
    becomes(folder.path(), "open").await;

    for product in products(&shop).await {
        let images = product["images"].as_array().expect("a list");
        assert!(!images.is_empty(), "{product}");
        for image in images.iter().filter_map(Value::as_str) {
            let picture = shop.get(image).await.expect(200);
            assert_eq!(picture.header("content-type"), "image/svg+xml");
            assert!(picture.text().starts_with("<svg "), "{image}");
            assert!(picture.header("cache-control").contains("max-age=2592000"));
            let tag = picture.header("etag");
            let again = shop.get(image).header("if-none-match", tag).await.expect(304);
            assert!(again.body.is_empty());
        }
    }
    shop.get("/demo/pictures/halvane/toaster/graphite-dunes.svg").await.expect(404);
    assert_eq!(program.interrupt(), 0);
}

#[tokio::test]
async fn killed_while_it_loads_it_is_whole_after_the_next_start_and_never_loaded_again() {
    let whole = tempfile::tempdir().expect("a folder");
    let program = start(whole.path(), "127.0.0.1:0", &[]);
    becomes(whole.path(), "open").await;
    let expected = counts(&program.public()).await;
    let expected_orders = bought(&program.public(), whole.path()).await;
    assert_eq!(program.interrupt(), 0);
    let folder = tempfile::tempdir().expect("a folder");

    let first = start(folder.path(), "127.0.0.1:0", &[]);
    let accounts_before = accounts(folder.path());
    first.kill();
    let second = start(folder.path(), "127.0.0.1:0", &[]);
    let some = async || {
        let page = second.public().get("/api/v1/products").await.expect(200).value();
        (!items(&page).is_empty()).then_some(())
    };
    eventually(PATIENCE, some).await;
    second.kill();
    let third = start(folder.path(), "127.0.0.1:0", &[]);
    let support = accounts_before.iter().find(|(role, _)| role == "support");
    let support = support.map(|(_, credentials)| credentials).expect("there");
    let ordered = async || {
        let shop = third.public();
        let signed_in = shop.post("/api/v1/auth/login", support).await;
        let token = signed_in.value()["access_token"].as_str()?.to_owned();
        let page = shop.bearer(&token).get("/api/v1/orders").await.expect(200).value();
        (items(&page).len() >= 3).then_some(())
    };
    eventually(PATIENCE, ordered).await;
    third.kill();
    let third = start(folder.path(), "127.0.0.1:0", &[]);
    becomes(folder.path(), "open").await;

    let shop = third.public();
    assert_eq!(bought(&shop, folder.path()).await, expected_orders);
    assert_eq!(counts(&shop).await, expected);
    assert_eq!(accounts(folder.path()), accounts_before);
    for (_, credentials) in &accounts_before {
        shop.post("/api/v1/auth/login", credentials).await.expect(200);
    }
    let manager = sign_in(&shop, &accounts_before, "manager").await;
    let leaf = product(&manager, "quillmark-leaf").await;
    let path = format!("/api/v1/products/{}", leaf["id"].as_str().expect("an id"));
    manager.request(http::Method::DELETE, &path).header("if-match", "*").await.expect(204);
    assert_eq!(third.interrupt(), 0);
    let fourth = start(folder.path(), "127.0.0.1:0", &[]);
    assert_eq!(counts(&fourth.public()).await.0, expected.0 - 1);
    assert_eq!(fourth.interrupt(), 0);
}

async fn product(shop: &Actor, slug: &str) -> Value {
    shop.get(&format!("/api/v1/products/{slug}")).await.expect(200).value()
}

async fn sign_in(shop: &Actor, accounts: &[(String, Value)], role: &str) -> Actor {
    let credentials = accounts.iter().find(|(its, _)| its == role).map(|(_, it)| it.clone());
    let answer = shop.post("/api/v1/auth/login", &credentials.expect("there")).await.expect(200);
    shop.bearer(answer.value()["access_token"].as_str().expect("a token"))
}

/// The status of signing in, by role.
async fn sign_ins(shop: &Actor, folder: &Path) -> BTreeSet<(String, u16)> {
    let mut statuses = BTreeSet::new();
    for (role, credentials) in accounts(folder) {
        let answer = shop.post("/api/v1/auth/login", &credentials).await;
        statuses.insert((role, answer.status.as_u16()));
    }
    statuses
}

#[tokio::test]
async fn its_staff_are_closed_where_strangers_can_call_and_open_again_where_they_cannot() {
    let folder = tempfile::tempdir().expect("a folder");
    let roles = ["admin", "manager", "support"];
    let staff = |status| roles.map(|role| (role.to_owned(), status));
    let expected = |status| {
        let all = staff(status).into_iter().chain([("customer".to_owned(), 200)]);
        all.collect::<BTreeSet<_>>()
    };

    let public = start(folder.path(), "0.0.0.0:0", &["--demo"]);
    becomes(folder.path(), "closed").await;
    assert_eq!(sign_ins(&public.public(), folder.path()).await, expected(403));
    assert_eq!(public.interrupt(), 0);
    let local = start(folder.path(), "127.0.0.1:0", &[]);
    assert_eq!(sign_ins(&local.public(), folder.path()).await, expected(200));
    assert_eq!(local.interrupt(), 0);
    let public = start(folder.path(), "0.0.0.0:0", &["--no-demo"]);
    assert_eq!(sign_ins(&public.public(), folder.path()).await, expected(403));
    assert_eq!(public.interrupt(), 0);
}

#[tokio::test]
async fn without_being_wanted_there_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for (place, listen, options) in
        [("no", "127.0.0.1:0", &["--no-demo"][..]), ("public", "0.0.0.0:0", &[][..])]
    {
        let place = folder.path().join(place);
        let program = start(&place, listen, options);
        assert!(!place.join("demo-stage").exists() && !place.join("demo-accounts.txt").exists());
        assert_eq!(program.interrupt(), 0);
    }

    let later = start(&folder.path().join("no"), "127.0.0.1:0", &["--demo"]);

    assert_eq!(counts(&later.public()).await, (0, 0, 0, 0));
    assert_eq!(later.interrupt(), 0);
}
