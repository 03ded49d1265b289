mod support;
use support::*;
use techtrove_db::{Db, DbOptions};
#[tokio::test(flavor = "multi_thread")]
async fn real() {
    let _ = std::fs::remove_dir_all("/tmp/catalog-scratch");
    std::fs::create_dir_all("/tmp/catalog-scratch").unwrap();
    let db = Db::open("sqlite:/tmp/catalog-scratch/c.db", DbOptions::default()).await.unwrap();
    let shop = Shop::on(db, Inventory::default()).await;
    let text = std::fs::read_to_string("/tmp/catalog-parts.ndjson").unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for part in lines.chunks(13_000) {
        let t = tokio::time::Instant::now();
        let job = shop.import(part.join("\n")).await;
        eprintln!("received {:?}", t.elapsed());
        let report = shop.finish(&job).await;
        eprintln!("{} {} {} {:?}", report["done"], report["error_count"], report["errors"].to_string().chars().take(2000).collect::<String>(), t.elapsed());
    }
    eprintln!("stock {}", shop.inventory.told().len());
    let tree = shop.guest.get("/api/v1/categories").await.value();
    eprintln!("cats {}", tree["items"].as_array().unwrap().len());
    for q in ["", "?category=cpu", "?category=memory&limit=100", "?brand=asus&limit=100", "?category=memory&brand=corsair"] {
        let t = tokio::time::Instant::now();
        let mut n = 0;
        for _ in 0..100 { let r = shop.guest.get(&format!("/api/v1/products{q}")).await.expect(200); n = r.body.len(); }
        eprintln!("{q} {n} bytes {:?}/req", t.elapsed() / 100);
    }
    let t = tokio::time::Instant::now();
    let items = shop.guest.get("/api/v1/products?limit=100").await.value();
    let ids: Vec<String> = items["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect();
    for _ in 0..20 { for id in &ids { let _ = shop.guest.get(&format!("/api/v1/products/{id}")).await.expect(200); } }
    eprintln!("get {:?}", t.elapsed() / 2000);
}
