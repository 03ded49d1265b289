//! What a mail says, as text and as HTML. The templates stand in `services/notifications/templates`;
//! every value is escaped in HTML, and kept on one line in the text.

use askama::Template;
use techtrove_core::Money;
use techtrove_orders_api::{OrderForMail, Totals};

/// A rendered mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The subject, on one line.
    pub subject: String,
    /// The body for readers of plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
}

/// The sums at the end of an order, as far as there is something to say.
type Sums = Vec<(&'static str, Money)>;

#[derive(Template)]
#[template(path = "order_confirmed.html")]
struct OrderConfirmedHtml<'a> {
    shop: &'a str,
    order: &'a OrderForMail,
    sums: &'a Sums,
}

#[derive(Template)]
#[template(path = "order_confirmed.txt", escape = "none")]
struct OrderConfirmedText<'a> {
    shop: &'a str,
    order: &'a OrderForMail,
    sums: &'a Sums,
}

/// The mail which says that an order is confirmed.
///
/// # Errors
/// When a value cannot be written; does not happen with well-formed values.
pub fn order_confirmed(shop: &str, order: &OrderForMail) -> Result<Content, askama::Error> {
    let order = &on_one_line(order);
    let sums = &sums(&order.totals);
    Ok(Content {
        subject: format!("Order {} confirmed", order.number),
        text: OrderConfirmedText { shop, order, sums }.render()?,
        html: OrderConfirmedHtml { shop, order, sums }.render()?,
    })
}

fn sums(totals: &Totals) -> Sums {
    let all = [
        ("Subtotal", totals.subtotal),
        ("Discount", Money::new(totals.discount.amount.saturating_neg(), totals.discount.currency)),
        ("Shipping", totals.shipping),
        ("Tax", totals.tax),
        ("Total", totals.total),
    ];
    let always = |label| matches!(label, "Subtotal" | "Total");
    all.into_iter().filter(|(label, amount)| always(*label) || amount.amount != 0).collect()
}

/// The order with all that people wrote kept on one line, so that a name can't write lines of its own.
fn on_one_line(order: &OrderForMail) -> OrderForMail {
    let clean = |text: &str| text.replace(char::is_control, " ");
    let mut order = order.clone();
    order.number = clean(&order.number);
    order.name = order.name.as_deref().map(clean);
    for line in &mut order.lines {
        line.name = clean(&line.name);
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use techtrove_core::{Currency, TypedId};
    use techtrove_orders_api::{OrderId, OrderLine, OrderStatus};
    use uuid::Uuid;

    use super::*;

    fn usd(amount: i64) -> Money {
        Money::new(amount, Currency::USD)
    }

    fn order(name: Option<&str>, product: &str) -> OrderForMail {
        OrderForMail {
            order_id: OrderId::from_uuid(Uuid::nil()),
            number: "TT-7K3M9QX2AB".into(),
            status: OrderStatus::Confirmed,
            email: "ada@example.com".parse().expect("an address"),
            name: name.map(Into::into),
            lines: vec![OrderLine {
                sku: "GPU-1".parse().expect("a SKU"),
                name: product.into(),
                quantity: 2,
                unit_price: usd(129_900),
                total: usd(259_800),
            }],
            totals: Totals {
                subtotal: usd(259_800),
                discount: usd(0),
                shipping: usd(500),
                tax: usd(0),
                total: usd(260_300),
            },
        }
    }

    #[test]
    fn says_what_was_bought_and_what_it_costs() {
        let content =
            order_confirmed("TechTrove", &order(Some("Ada"), "Graphics card")).expect("renders");

        insta::assert_snapshot!(content.subject, @"Order TT-7K3M9QX2AB confirmed");
        insta::assert_snapshot!(content.text, @"
        Hello Ada,

        Thank you for your order TT-7K3M9QX2AB. It is confirmed, and everything in it is set
        aside for you.

        2 x Graphics card (GPU-1)
            USD 1299.00 each, USD 2598.00

        Subtotal: USD 2598.00
        Shipping: USD 5.00
        Total: USD 2603.00

        TechTrove
        ");
        for part in ["TT-7K3M9QX2AB", "Hello Ada", "2 × Graphics card", "GPU-1", "USD 2603.00"] {
            assert!(content.html.contains(part), "{part}");
        }
    }

    #[test]
    fn html_in_a_name_stays_text() {
        let evil = "<script>alert(1)</script>\r\nTotal: USD 0.00";

        let content = order_confirmed("TechTrove", &order(Some(evil), evil)).expect("renders");

        assert!(!content.html.contains("<script"), "{}", content.html);
        assert!(
            !content.text.lines().any(|line| line.starts_with("Total: USD 0.00")),
            "{}",
            content.text
        );
    }

    proptest! {
        #[test]
        fn a_subject_is_always_one_line(number in ".{0,40}") {
            let order = OrderForMail { number, ..order(None, "x") };

            let content = order_confirmed("TechTrove", &order).expect("renders");

            prop_assert!(!content.subject.chars().any(char::is_control));
        }
    }
}
