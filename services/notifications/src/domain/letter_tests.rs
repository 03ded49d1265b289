//! Every kind of mail in every language, rendered with sample data: friendly, and hostile.

use proptest::prelude::*;
use techtrove_core::{Currency, Money, TypedId as _};
use techtrove_identity_api::{MailedSecret, MailedSecretId};
use techtrove_orders_api::{
    LicenceKey, OrderForMail, OrderId, OrderLine, OrderStatus, Parcel, ParcelLine, Totals,
};
use uuid::Uuid;

use super::{AccountMail, Content, Language, Letter, LinkSecret, Matter, OrderMail, Stationery};

const ORDER_MAILS: [OrderMail; 7] = [
    OrderMail::Confirmed,
    OrderMail::PaymentFailed,
    OrderMail::ParcelShipped,
    OrderMail::Delivered,
    OrderMail::Cancelled,
    OrderMail::Refunded,
    OrderMail::LicenceKeys,
];

fn usd(amount: i64) -> Money {
    Money::new(amount, Currency::USD)
}

/// An order in which everything that people write says `text`.
fn order(text: &str) -> OrderForMail {
    let sku: techtrove_core::Sku = "GPU-1".parse().expect("a SKU");
    OrderForMail {
        order_id: OrderId::from_uuid(Uuid::nil()),
        number: "TT-7K3M9QX2AB".into(),
        status: OrderStatus::Confirmed,
        email: "ada@example.com".parse().expect("an address"),
        name: Some(text.into()),
        lines: vec![OrderLine {
            sku: sku.clone(),
            name: text.into(),
            quantity: 2,
            unit_price: usd(129_900),
            total: usd(259_800),
            digital: true,
        }],
        totals: Totals {
            subtotal: usd(259_800),
            discount: usd(800),
            shipping: usd(500),
            tax: usd(0),
            total: usd(259_500),
        },
        licence_keys: vec![LicenceKey { sku: sku.clone(), key: text.into() }],
        user_id: None,
        locale: None,
        languages: Vec::new(),
        parcel: Some(Parcel {
            carrier: text.into(),
            tracking_number: Some(text.into()),
            lines: vec![ParcelLine { sku, name: text.into(), quantity: 1 }],
        }),
        refund: Some(usd(1_050)),
    }
}

fn secret() -> LinkSecret {
    LinkSecret::Id(MailedSecretId::from_uuid(Uuid::nil()))
}

fn account_mails() -> [AccountMail; 5] {
    [
        AccountMail::Welcome(secret()),
        AccountMail::VerifyEmail(secret()),
        AccountMail::ResetPassword(secret()),
        AccountMail::PasswordChanged,
        AccountMail::EmailChanged,
    ]
}

/// Every mail there is, in every language, with `text` wherever people write.
fn all(text: &str) -> Vec<Letter> {
    let of_orders = ORDER_MAILS.map(|mail| Matter::Order(mail, Box::new(order(text))));
    let of_accounts = account_mails().map(|mail| Matter::Account(mail, text.into()));
    let matters = of_orders.into_iter().chain(of_accounts);
    matters
        .flat_map(|matter| {
            Language::ALL.map(|language| Letter { language, matter: matter.clone() })
        })
        .collect()
}

fn stationery() -> Stationery {
    Stationery {
        shop: "TechTrove".into(),
        public_url: "https://shop.example".parse().expect("a URL"),
    }
}

fn render(letter: &Letter) -> Content {
    letter.content(&stationery(), None, Some(&MailedSecret::new("s3cret"))).expect("renders")
}

fn of_order(mail: OrderMail, language: Language) -> Content {
    let order = OrderForMail { name: Some("Ada".into()), ..order("Graphics card") };
    let matter = Matter::Order(mail, Box::new(order));
    render(&Letter { language, matter })
}

#[test]
fn an_order_is_confirmed_with_what_was_bought_and_what_it_costs() {
    let content = of_order(OrderMail::Confirmed, Language::English);

    insta::assert_snapshot!(content.subject, @"Order TT-7K3M9QX2AB confirmed");
    insta::assert_snapshot!(content.text, @"
    Hello Ada,

    Thank you for your order TT-7K3M9QX2AB. Everything in it is set aside for you.

    Your licence keys come in a mail of their own.

    2 × Graphics card
        GPU-1 · $1,299.00 each, $2,598.00

    Subtotal: $2,598.00
    Discount: -$8.00
    Shipping: $5.00
    Total: $2,595.00

    -- 
    TechTrove
    You get this mail because it concerns your business with TechTrove.
    ");
    for part in ["TT-7K3M9QX2AB", "2 × Graphics card", "GPU-1", "$2,595.00", "lang=\"en\""] {
        assert!(content.html.contains(part), "{part}");
    }
}

#[test]
fn a_german_buyer_reads_german() {
    let content = of_order(OrderMail::Confirmed, Language::German);

    insta::assert_snapshot!(content.subject, @"Bestellung TT-7K3M9QX2AB bestätigt");
    insta::assert_snapshot!(content.text, @"
    Guten Tag Ada,

    Vielen Dank für Ihre Bestellung TT-7K3M9QX2AB. Alles darin liegt für Sie bereit.

    Ihre Lizenzschlüssel kommen in einer eigenen E-Mail.

    2 × Graphics card
        GPU-1 · je 1.299,00 $, 2.598,00 $

    Zwischensumme: 2.598,00 $
    Rabatt: -8,00 $
    Versand: 5,00 $
    Gesamtsumme: 2.595,00 $

    -- 
    TechTrove
    Sie erhalten diese E-Mail, weil sie Ihre Geschäfte mit TechTrove betrifft.
    ");
    assert!(content.html.contains("lang=\"de\"") && content.html.contains("2.595,00\u{a0}$"));
}

#[test]
fn a_parcel_says_who_carries_it_by_which_number_and_what_is_in_it() {
    let mut about = order("Ada");
    about.parcel = Some(Parcel {
        carrier: "DHL".into(),
        tracking_number: Some("JD-42".into()),
        lines: vec![ParcelLine {
            sku: "CPU-1".parse().expect("a SKU"),
            name: "Processor".into(),
            quantity: 3,
        }],
    });
    let matter = Matter::Order(OrderMail::ParcelShipped, Box::new(about));
    let letter = Letter { language: Language::English, matter };

    let content = letter
        .content(&stationery(), Some("https://shop.example/no?token=t".into()), None)
        .expect("renders");

    insta::assert_snapshot!(content.text, @"
    Hello Ada,

    A parcel of your order TT-7K3M9QX2AB has left us.

    Carrier: DHL
    Tracking number: JD-42

    In this parcel:

    3 × Processor
        CPU-1

    -- 
    TechTrove
    You get this mail because it concerns your business with TechTrove.
    You get this mail until you say that you do not want such mails.
    Unsubscribe: https://shop.example/no?token=t
    ");
    for part in ["DHL", "JD-42", "3 × Processor", "href=\"https://shop.example/no?token=t\""] {
        assert!(content.html.contains(part), "{part}");
    }
}

#[test]
fn a_name_without_a_blank_is_broken_and_does_not_widen_the_mail() {
    for mail in account_mails() {
        let matter = Matter::Account(mail, "x".repeat(100));

        let content = render(&Letter { language: Language::German, matter });

        assert!(content.html.contains("overflow-wrap:anywhere"), "{}", content.html);
    }
}

#[test]
fn a_link_leads_to_the_shop_with_its_secret() {
    let matter = Matter::Account(AccountMail::ResetPassword(secret()), "Ada".into());

    let content = render(&Letter { language: Language::English, matter });

    insta::assert_snapshot!(content.text, @"
    Hello Ada,

    Somebody, most likely you, wants to choose a new password for TechTrove.

    If it was not you, do nothing: your password stays as it is.

    Choose a new password:
    https://shop.example/reset-password?token=s3cret

    -- 
    TechTrove
    You get this mail because it concerns your business with TechTrove.
    ");
    assert!(content.html.contains("href=\"https://shop.example/reset-password?token=s3cret\""));
}

#[test]
fn a_link_whose_secret_has_ended_is_left_out() {
    let matter = Matter::Account(AccountMail::ResetPassword(secret()), "Ada".into());
    let letter = Letter { language: Language::English, matter };

    let content = letter.content(&stationery(), None, None).expect("renders");

    assert_eq!(letter.secret_id(), Some(MailedSecretId::from_uuid(Uuid::nil())));
    assert!(!content.text.contains("reset-password"), "{}", content.text);
    assert!(!content.html.contains("reset-password"), "{}", content.html);
}

#[test]
fn every_mail_says_something_in_every_language_and_the_subject_names_the_order() {
    for letter in all("Ada") {
        let content = render(&letter);

        let context = format!("{letter:?}");
        assert_eq!(letter.subject(&stationery()), content.subject, "{context}");
        assert!(content.html.starts_with("<!doctype html>"), "{context}");
        assert!(content.html.len() < 9_000 && content.text.len() > 100, "{context}");
        for text in [&content.subject, &content.text, &content.html] {
            assert!(!text.contains("{{") && !text.contains("{number}"), "{context}: {text}");
        }
        match letter.matter {
            Matter::Order(..) => {
                assert!(content.subject.contains("TT-7K3M9QX2AB"), "{context}");
                assert!(content.text.contains("TT-7K3M9QX2AB"), "{context}");
            }
            _ => assert!(content.text.contains("TechTrove"), "{context}"),
        }
    }
}

#[test]
fn languages_say_different_things() {
    for pair in all("Ada").chunks(2) {
        let [english, german] = [render(&pair[0]), render(&pair[1])];

        assert_ne!(english.subject, german.subject);
        assert_ne!(english.text, german.text);
    }
}

#[test]
fn what_people_write_stays_text_on_one_line() {
    let evil = "<script>alert(1)</script>\"'\r\nTotal: $0.00\u{2028}x\u{202e}";
    for letter in all(evil) {
        let content = render(&letter);

        assert!(!content.html.contains("<script"), "{}", content.html);
        let forged = |line: &str| line.trim_start().starts_with("Total: $0.00");
        assert!(!content.text.lines().any(forged), "{}", content.text);
        for text in [&content.text, &content.html] {
            assert!(!text.contains(['\u{2028}', '\u{202e}', '\r']), "{text}");
        }
    }
}

#[test]
fn a_letter_is_read_as_it_was_stored_and_secrets_do_not_show_themselves() {
    for letter in all("Ada") {
        let stored = letter.stored().expect("is written");

        assert_eq!(serde_json::from_str::<Letter>(&stored).expect("is read"), letter);
        assert!(!format!("{letter:?}").contains("s3cret"));
    }
}

#[test]
fn letters_of_earlier_versions_are_read() {
    // As version 4 of the tables made them of rendered mails.
    let rendered =
        r#"{"language": "en", "matter": {"rendered": {"subject": "S", "text": "T", "html": "H"}}}"#;
    // As they were first stored.
    let first = r#"{"language":"de","matter":{"order":["confirmed",{"order_id":"ord_00000000000000000000000000","number":"TT-1","status":"confirmed","email":"ada@example.com","name":null,"lines":[],"totals":{"subtotal":{"amount":1,"currency":"USD"},"discount":{"amount":0,"currency":"USD"},"shipping":{"amount":0,"currency":"USD"},"tax":{"amount":0,"currency":"USD"},"total":{"amount":1,"currency":"USD"}}}]}}"#;

    let read = |text| render(&serde_json::from_str::<Letter>(text).expect("is read")).subject;

    // As it was stored while events told the secret itself.
    let told =
        r#"{"language":"en","matter":{"account":[{"reset_password":"sec_3q2-7wAB"},"Ada"]}}"#;
    let told: Letter = serde_json::from_str(told).expect("is read");

    assert_eq!(read(rendered), "S");
    assert_eq!(told.secret_id(), None);
    let content = told.content(&stationery(), None, None).expect("renders");
    assert!(content.text.contains("/reset-password?token=sec_3q2-7wAB\n"), "{}", content.text);
    assert_eq!(read(first), "Bestellung TT-1 bestätigt");
}

proptest! {
    #[test]
    fn a_subject_is_always_one_line(number in ".{0,40}", shop in ".{0,40}") {
        let stationery = Stationery { shop, ..stationery() };
        for mut letter in all("Ada") {
            if let Matter::Order(_, order) = &mut letter.matter {
                order.number.clone_from(&number);
            }

            let content = letter.content(&stationery, None, None).expect("renders");

            prop_assert!(!content.subject.chars().any(char::is_control));
            prop_assert_eq!(content.subject, letter.subject(&stationery));
        }
    }
}
