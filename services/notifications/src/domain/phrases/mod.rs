//! What mails say, in each language. [`Phrases`] has a member for every text, so that a language which
//! lacks one does not compile; the languages stand beside this file, one each.

mod english;
mod german;

pub(super) use english::ENGLISH;
pub(super) use german::GERMAN;

/// A text with one thing put into it.
pub(super) type With = fn(&str) -> String;

/// All that is said in one language.
pub(super) struct Phrases {
    /// To somebody whose name is known.
    pub hello: With,
    /// To anybody else.
    pub hello_unknown: &'static str,
    /// The mails about an order.
    pub orders: OrderPhrases,
    /// The mails about an account.
    pub accounts: AccountPhrases,
    /// What stands before sums and facts.
    pub labels: Labels,
    /// At the end of what the shop has to write: the shop's name is put in.
    pub why: With,
    /// At the end of what is written until somebody says no.
    pub optional: &'static str,
    /// The link by which they say so.
    pub unsubscribe: &'static str,
    /// The pages behind the links in mails.
    pub pages: Pages,
}

/// The mails about an order.
pub(super) struct OrderPhrases {
    pub confirmed: OrderText,
    pub payment_failed: OrderText,
    pub parcel_shipped: OrderText,
    pub delivered: OrderText,
    pub cancelled: OrderText,
    pub refunded: OrderText,
    pub licence_keys: OrderText,
    /// With a confirmation that is to be followed by licence keys.
    pub keys_follow: &'static str,
}

/// One mail about an order; its number is put in.
pub(super) struct OrderText {
    /// The subject.
    pub subject: With,
    /// The same above the text.
    pub heading: &'static str,
    /// The text.
    pub body: With,
}

/// The mails about an account.
pub(super) struct AccountPhrases {
    pub welcome: LinkText,
    pub verify_email: LinkText,
    pub reset_password: LinkText,
    pub password_changed: AccountText,
    pub email_changed: AccountText,
}

/// One mail about an account; the shop's name is put in.
pub(super) struct AccountText {
    /// The subject.
    pub subject: With,
    /// The text.
    pub body: With,
    /// What to do if it was somebody else.
    pub note: &'static str,
}

/// One mail about an account that brings a link.
pub(super) struct LinkText {
    pub text: AccountText,
    /// What the link does.
    pub button: &'static str,
}

/// What stands before sums and facts.
pub(super) struct Labels {
    pub order: &'static str,
    pub subtotal: &'static str,
    pub discount: &'static str,
    pub shipping: &'static str,
    pub tax: &'static str,
    pub total: &'static str,
    pub refund: &'static str,
    pub carrier: &'static str,
    pub tracking_number: &'static str,
    pub contents: &'static str,
    /// The price of one piece is put in.
    pub each: With,
}

/// The pages behind the links in mails.
pub struct Pages {
    /// By which somebody says that they want no more of a kind of mail.
    pub unsubscribe: PagePhrases,
    /// By which they show that an address is theirs.
    pub verify_email: PagePhrases,
    /// Said there when the address is another account's by now.
    pub email_taken: &'static str,
    /// By which they choose another password.
    pub reset_password: PagePhrases,
    /// What stands before the password there.
    pub password: &'static str,
    /// Said there when the password is not accepted.
    pub password_refused: &'static str,
}

/// One page behind a link.
pub struct PagePhrases {
    /// Its title.
    pub title: &'static str,
    /// What it asks; the mail's subject, or the shop's name, is put in.
    pub question: fn(&str) -> String,
    /// The answer.
    pub button: &'static str,
    /// Once it was given.
    pub done: &'static str,
    /// When the link leads nowhere, or not any more.
    pub ended: &'static str,
}
