//! What a mail says, as text and as HTML. The templates stand in `services/notifications/templates`;
//! every value is escaped in HTML, and kept on one line in the text.

use askama::Template;
use techtrove_core::{Money, Sku};
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

/// A licence key with the name of what it is for.
struct NamedKey<'a> {
    name: &'a str,
    sku: &'a Sku,
    key: &'a str,
}

#[derive(Template)]
#[template(path = "licence_keys.html")]
struct LicenceKeysHtml<'a> {
    shop: &'a str,
    order: &'a OrderForMail,
    keys: &'a [NamedKey<'a>],
}

#[derive(Template)]
#[template(path = "licence_keys.txt", escape = "none")]
struct LicenceKeysText<'a> {
    shop: &'a str,
    order: &'a OrderForMail,
    keys: &'a [NamedKey<'a>],
}

/// What a mail about an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderMail {
    /// Says that the order is confirmed.
    Confirmed,
    /// Brings the licence keys.
    LicenceKeys,
}

/// Why a mail cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// A value cannot be written; does not happen with well-formed values.
    #[error("cannot render the mail")]
    Render(#[from] askama::Error),
    /// The mail is to bring licence keys, and there are none.
    #[error("the order has no licence keys to be mailed")]
    NoKeys,
}

impl OrderMail {
    /// The template's name, as it is stored.
    #[must_use]
    pub fn template(self) -> &'static str {
        match self {
            Self::Confirmed => "order_confirmed",
            Self::LicenceKeys => "licence_keys",
        }
    }

    /// What the mail says.
    ///
    /// # Errors
    /// When there is nothing to say, or it cannot be written.
    pub fn content(self, shop: &str, order: &OrderForMail) -> Result<Content, ContentError> {
        let order = &on_one_line(order);
        match self {
            Self::Confirmed => confirmed(shop, order),
            Self::LicenceKeys => licence_keys(shop, order),
        }
    }
}

fn confirmed(shop: &str, order: &OrderForMail) -> Result<Content, ContentError> {
    let sums = &sums(&order.totals);
    Ok(Content {
        subject: format!("Order {} confirmed", order.number),
        text: OrderConfirmedText { shop, order, sums }.render()?,
        html: OrderConfirmedHtml { shop, order, sums }.render()?,
    })
}

fn licence_keys(shop: &str, order: &OrderForMail) -> Result<Content, ContentError> {
    let name = |sku: &Sku| order.lines.iter().find(|line| line.sku == *sku).map(|line| &*line.name);
    let keys: &Vec<NamedKey<'_>> = &order
        .licence_keys
        .iter()
        .map(|it| NamedKey { name: name(&it.sku).unwrap_or_default(), sku: &it.sku, key: &it.key })
        .collect();
    if keys.is_empty() {
        return Err(ContentError::NoKeys);
    }
    Ok(Content {
        subject: format!("Your licence keys of order {}", order.number),
        text: LicenceKeysText { shop, order, keys }.render()?,
        html: LicenceKeysHtml { shop, order, keys }.render()?,
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
    for licence in &mut order.licence_keys {
        licence.key = clean(&licence.key);
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use techtrove_core::{Currency, TypedId};
    use techtrove_orders_api::{LicenceKey, OrderId, OrderLine, OrderStatus};
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
            licence_keys: Vec::new(),
        }
    }

    #[test]
    fn says_what_was_bought_and_what_it_costs() {
        let content =
            content(OrderMail::Confirmed, &order(Some("Ada"), "Graphics card")).expect("renders");

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

    fn key(key: &str) -> LicenceKey {
        LicenceKey { sku: "GPU-1".parse().expect("a SKU"), key: key.into() }
    }

    fn content(mail: OrderMail, order: &OrderForMail) -> Result<Content, ContentError> {
        mail.content("TechTrove", order)
    }

    #[test]
    fn brings_every_licence_key() {
        let keys = vec![key("AAAA-1111"), key("BBBB-2222")];
        let order = OrderForMail { licence_keys: keys, ..order(None, "Editor Pro") };

        let content = content(OrderMail::LicenceKeys, &order).expect("renders");

        insta::assert_snapshot!(content.subject, @"Your licence keys of order TT-7K3M9QX2AB");
        insta::assert_snapshot!(content.text, @"
        Here are the licence keys of your order TT-7K3M9QX2AB. Keep this mail: whoever has a
        key can use it.

        Editor Pro (GPU-1)
            AAAA-1111
        Editor Pro (GPU-1)
            BBBB-2222

        TechTrove
        ");
        for part in ["TT-7K3M9QX2AB", "Editor Pro", "AAAA-1111", "BBBB-2222"] {
            assert!(content.html.contains(part), "{part}");
        }
    }

    #[test]
    fn there_is_no_mail_of_no_keys() {
        let refused = content(OrderMail::LicenceKeys, &order(None, "Editor Pro"));

        assert!(matches!(refused, Err(ContentError::NoKeys)));
    }

    #[test]
    fn html_in_a_name_stays_text() {
        let evil = "<script>alert(1)</script>\r\nTotal: USD 0.00";

        let key = LicenceKey { key: evil.into(), ..key("X") };
        let order = OrderForMail { licence_keys: vec![key], ..order(Some(evil), evil) };
        for mail in [OrderMail::Confirmed, OrderMail::LicenceKeys] {
            let content = content(mail, &order).expect("renders");

            assert!(!content.html.contains("<script"), "{}", content.html);
            let forged = |line: &str| line.starts_with("Total: USD 0.00");
            assert!(!content.text.lines().any(forged), "{}", content.text);
        }
    }

    proptest! {
        #[test]
        fn a_subject_is_always_one_line(number in ".{0,40}") {
            let order = OrderForMail { number, ..order(None, "x") };

            let order = OrderForMail { licence_keys: vec![key("X")], ..order };
            for mail in [OrderMail::Confirmed, OrderMail::LicenceKeys] {
                let content = content(mail, &order).expect("renders");

                prop_assert!(!content.subject.chars().any(char::is_control));
            }
        }
    }
}
