//! English.

use super::{
    AccountPhrases, AccountText, Labels, LinkText, OrderPhrases, OrderText, PagePhrases, Pages,
    Phrases,
};

/// All that is said in English.
pub(in crate::domain) const ENGLISH: Phrases = Phrases {
    hello: |name| format!("Hello {name},"),
    hello_unknown: "Hello,",
    orders: ORDERS,
    accounts: ACCOUNTS,
    labels: Labels {
        order: "Order",
        subtotal: "Subtotal",
        discount: "Discount",
        shipping: "Shipping",
        tax: "Tax",
        total: "Total",
        refund: "Refund",
        carrier: "Carrier",
        tracking_number: "Tracking number",
        contents: "In this parcel",
        each: |price| format!("{price} each"),
    },
    why: |shop| format!("You get this mail because it concerns your business with {shop}."),
    optional: "You get this mail until you say that you do not want such mails.",
    unsubscribe: "Unsubscribe",
    pages: PAGES,
};

const PAGES: Pages = Pages {
    unsubscribe: PagePhrases {
        title: "Unsubscribe",
        question: |subject| format!("Do you want no more mails such as “{subject}”?"),
        button: "Yes, unsubscribe",
        done: "Done: you will get no more such mails.",
        ended: "This link belongs to none of our mails that you can unsubscribe from.",
    },
    verify_email: PagePhrases {
        title: "Confirm your address",
        question: |shop| format!("Is the address yours that {shop} has written to?"),
        button: "Yes, confirm the address",
        done: "Thank you: your address is confirmed.",
        ended: "This link leads nowhere any more. Sign in and ask for another mail in your account.",
    },
    email_taken: "This address belongs to another account by now.",
    reset_password: PagePhrases {
        title: "Choose a new password",
        question: |shop| {
            format!(
                "Choose the new password of your account at {shop}. You are then signed out everywhere."
            )
        },
        button: "Save the password",
        done: "Done: from now on you sign in with the new password.",
        ended: "This link leads nowhere any more: it is good once, and for an hour. Say where you sign \
                in that you have forgotten your password, and you get another mail.",
    },
    password: "New password, 8 to 128 characters",
    password_refused: "This password is too short, too long, or known to many. Choose another.",
};

const ORDERS: OrderPhrases = OrderPhrases {
    confirmed: OrderText {
        subject: |number| format!("Order {number} confirmed"),
        heading: "Your order is confirmed",
        body: |number| {
            format!("Thank you for your order {number}. Everything in it is set aside for you.")
        },
    },
    payment_failed: OrderText {
        subject: |number| format!("Payment for order {number} failed"),
        heading: "Your payment failed",
        body: |number| {
            format!(
                "The payment for your order {number} was refused, so we could not accept the order. \
                 You are not charged. You are welcome to order again with another means of payment."
            )
        },
    },
    parcel_shipped: OrderText {
        subject: |number| format!("Order {number}: a parcel is on its way"),
        heading: "Your parcel is on its way",
        body: |number| format!("A parcel of your order {number} has left us."),
    },
    delivered: OrderText {
        subject: |number| format!("Order {number} delivered"),
        heading: "Your order has arrived",
        body: |number| {
            format!("Everything of your order {number} was delivered. We hope that you enjoy it.")
        },
    },
    cancelled: OrderText {
        subject: |number| format!("Order {number} cancelled"),
        heading: "Your order is cancelled",
        body: |number| {
            format!(
                "Your order {number} is cancelled. You owe nothing for it, and what you have paid is \
                 given back; we write to you when it is."
            )
        },
    },
    refunded: OrderText {
        subject: |number| format!("Refund for order {number}"),
        heading: "You get money back",
        body: |number| {
            format!(
                "We have given back money for your order {number}, to the means of payment that you \
                 paid with. It may take some days until you see it."
            )
        },
    },
    licence_keys: OrderText {
        subject: |number| format!("Your licence keys of order {number}"),
        heading: "Your licence keys",
        body: |number| {
            format!(
                "Here are the licence keys of your order {number}. Keep this mail: whoever has a key \
                 can use it."
            )
        },
    },
    keys_follow: "Your licence keys come in a mail of their own.",
};

const ACCOUNTS: AccountPhrases = AccountPhrases {
    welcome: LinkText {
        text: AccountText {
            subject: |shop| format!("Welcome to {shop}"),
            body: |shop| {
                format!(
                    "Thank you for making an account at {shop}. Please confirm that this address is yours."
                )
            },
            note: "If you did not make this account, do nothing: it stays unconfirmed.",
        },
        button: "Confirm the address",
    },
    verify_email: LinkText {
        text: AccountText {
            subject: |shop| format!("Confirm your address at {shop}"),
            body: |shop| {
                format!("Please confirm that this address is yours, so that {shop} may use it.")
            },
            note: "If you did not ask for this, do nothing: nothing changes.",
        },
        button: "Confirm the address",
    },
    reset_password: LinkText {
        text: AccountText {
            subject: |shop| format!("Choose a new password for {shop}"),
            body: |shop| {
                format!("Somebody, most likely you, wants to choose a new password for {shop}.")
            },
            note: "If it was not you, do nothing: your password stays as it is.",
        },
        button: "Choose a new password",
    },
    password_changed: AccountText {
        subject: |shop| format!("Your password for {shop} was changed"),
        body: |shop| format!("The password of your account at {shop} was changed just now."),
        note: "If it was not you, choose a new password at once and write to us.",
    },
    email_changed: AccountText {
        subject: |shop| format!("Your address at {shop} was changed"),
        body: |shop| {
            format!(
                "Your account at {shop} has another e-mail address from now on. This is the last mail \
                 to the present one."
            )
        },
        note: "If it was not you, write to us at once.",
    },
};
