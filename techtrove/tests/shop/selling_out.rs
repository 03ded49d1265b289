//! The first promise: it never sells what it does not have.

use serde_json::json;
use techtrove_testing::Reply;

use crate::harness::{TestShop, order};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_guests_at_once_get_exactly_the_fifty_there_are() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("HOT-1", 19_900, 50).await;

        let buyers = (0..200).map(|_| shop.buy("HOT-1", 1, "tok_ok"));
        let replies: Vec<Reply> = futures::future::join_all(buyers).await;

        let count =
            |status: u16| replies.iter().filter(|reply| reply.status.as_u16() == status).count();
        let others = replies.iter().filter(|reply| ![201, 409].contains(&reply.status.as_u16()));
        let others: Vec<String> = others.map(Reply::text).collect();
        assert_eq!((count(201), count(409)), (50, 150), "{engine}: {others:?}");
        for reply in &replies {
            match reply.status.as_u16() {
                201 => assert_eq!(reply.value()["status"], "confirmed", "{engine}"),
                _ => assert_eq!(reply.problem_code(), "out_of_stock", "{engine}"),
            }
        }
        let stock = shop.stock("HOT-1").await;
        assert_eq!(
            (&stock["on_hand"], &stock["held"], &stock["committed"], &stock["available"]),
            (&json!(50), &json!(0), &json!(50), &json!(0)),
            "{engine}"
        );
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_lines_in_any_order_are_sold_whole_or_not_at_all() {
    for (engine, shop) in TestShop::everywhere().await {
        for number in 0..6 {
            shop.sell(&format!("MIX-{number}"), 1_000, 20).await;
        }

        let carts = (0..60_usize).map(|buyer| {
            let mut body = order("MIX-0", 1, "tok_ok");
            let lines = (0..6_usize).map(|line| {
                let sku = format!("MIX-{}", (line * 5 + buyer) % 6);
                json!({"sku": sku, "quantity": 1})
            });
            body["lines"] = lines.collect();
            shop.public.post("/api/v1/orders", &body).into_future()
        });
        let replies: Vec<Reply> = futures::future::join_all(carts).await;

        let sold = replies.iter().filter(|reply| reply.status.as_u16() == 201).count();
        let refused = replies.iter().filter(|reply| reply.status.as_u16() == 409).count();
        assert_eq!((sold, refused), (20, 40), "{engine}");
        for number in 0..6 {
            let stock = shop.stock(&format!("MIX-{number}")).await;
            assert_eq!((&stock["held"], &stock["committed"]), (&json!(0), &json!(20)), "{engine}");
        }
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_cannot_be_counted_below_what_is_promised() {
    let shop = TestShop::embedded().await;
    shop.sell("KEEP-1", 1_000, 5).await;
    shop.buy("KEEP-1", 3, "tok_ok").await.expect(201);

    let path = "/api/v1/inventory/KEEP-1";
    let etag = shop.manager.get(path).await.expect(200).header("etag").to_owned();
    let too_few = shop.manager.put(path, &json!({"on_hand": 2})).header("if-match", &etag).await;

    assert_eq!(too_few.expect(409).problem_code(), "stock_reserved");
    shop.close().await;
}
