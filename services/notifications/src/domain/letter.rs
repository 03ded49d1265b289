//! What a mail tells and in which language, as it is stored. It is rendered when it is sent or shown,
//! so that writing one costs little and keeps little. Its form may gain members and never lose one:
//! mails that wait are read by later versions.

use serde::{Deserialize, Serialize};
use techtrove_core::{Money, Sku};
use techtrove_identity_api::{MailedSecret, MailedSecretId};
use techtrove_orders_api::{OrderForMail, OrderLine, Parcel, Totals};

use super::{
    Content, Kind, Language, PublicUrl,
    amount::shown,
    draft::{Draft, Fact, Item, Link, one_line},
    phrases::{AccountText, Labels, LinkText, OrderPhrases, OrderText, Phrases},
};

/// A mail's matter and language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// In which language it is written.
    pub language: Language,
    /// What it tells.
    pub matter: Matter,
}

/// What a mail tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// What became of an order.
    Order(OrderMail, Box<OrderForMail>),
    /// What became of an account, and how its owner is called.
    Account(AccountMail, String),
    /// What an earlier version of the shop had rendered when it stored the mail.
    Rendered(Content),
}

/// What a mail about an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderMail {
    /// Says that the order is confirmed.
    Confirmed,
    /// Says that its payment was refused.
    PaymentFailed,
    /// Says that a parcel is on its way.
    ParcelShipped,
    /// Says that everything has arrived.
    Delivered,
    /// Says that it was cancelled.
    Cancelled,
    /// Says that money was given back.
    Refunded,
    /// Brings the licence keys.
    LicenceKeys,
}

/// What a mail about an account is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountMail {
    /// Welcomes its owner, who shows by the secret that the address is theirs.
    Welcome(LinkSecret),
    /// Asks to show by the secret that an address is the owner's.
    VerifyEmail(LinkSecret),
    /// Lets the owner choose another password by the secret.
    ResetPassword(LinkSecret),
    /// Says that the password was changed.
    PasswordChanged,
    /// Says, to the address of before, that there is another.
    EmailChanged,
}

/// What is stored of the secret in a link. One is a text as the other, and no secret reads as an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LinkSecret {
    /// Its id, by which identity tells it when the mail is rendered.
    Id(MailedSecretId),
    /// Itself, in a mail that an event of version 1 asked for.
    Told(MailedSecret),
}

/// What all mails of a shop have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stationery {
    /// The shop's name.
    pub shop: String,
    /// Where the shop is found.
    pub public_url: PublicUrl,
}

impl OrderMail {
    /// Which kind of mail it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Confirmed => Kind::OrderConfirmed,
            Self::PaymentFailed => Kind::PaymentFailed,
            Self::ParcelShipped => Kind::OrderShipped,
            Self::Delivered => Kind::OrderDelivered,
            Self::Cancelled => Kind::OrderCancelled,
            Self::Refunded => Kind::OrderRefunded,
            Self::LicenceKeys => Kind::LicenceKeys,
        }
    }

    /// Whether there is something to be told: keys cannot come without keys, and what never travelled
    /// does not arrive.
    #[must_use]
    pub fn has_matter(self, order: &OrderForMail) -> bool {
        match self {
            Self::LicenceKeys => !order.licence_keys.is_empty(),
            Self::Delivered => order.lines.iter().any(|line| !line.digital),
            _ => true,
        }
    }

    fn text(self, phrases: &OrderPhrases) -> &OrderText {
        match self {
            Self::Confirmed => &phrases.confirmed,
            Self::PaymentFailed => &phrases.payment_failed,
            Self::ParcelShipped => &phrases.parcel_shipped,
            Self::Delivered => &phrases.delivered,
            Self::Cancelled => &phrases.cancelled,
            Self::Refunded => &phrases.refunded,
            Self::LicenceKeys => &phrases.licence_keys,
        }
    }
}

impl AccountMail {
    /// Which kind of mail it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Welcome(_) => Kind::Welcome,
            Self::VerifyEmail(_) => Kind::VerifyEmail,
            Self::ResetPassword(_) => Kind::ResetPassword,
            Self::PasswordChanged => Kind::PasswordChanged,
            Self::EmailChanged => Kind::EmailChanged,
        }
    }

    fn secret(&self) -> Option<&LinkSecret> {
        match self {
            Self::Welcome(secret) | Self::VerifyEmail(secret) | Self::ResetPassword(secret) => {
                Some(secret)
            }
            Self::PasswordChanged | Self::EmailChanged => None,
        }
    }
}

impl Letter {
    /// The letter as it is stored.
    ///
    /// # Errors
    /// When it is no JSON; does not happen.
    pub fn stored(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Which secret its link needs, for whoever renders it to ask identity for.
    #[must_use]
    pub fn secret_id(&self) -> Option<MailedSecretId> {
        let Matter::Account(mail, _) = &self.matter else { return None };
        match mail.secret()? {
            LinkSecret::Id(id) => Some(*id),
            LinkSecret::Told(_) => None,
        }
    }

    /// Whether the secret of its link stands in the letter itself, which is to be forgotten once it has left.
    #[must_use]
    pub fn tells_secret(&self) -> bool {
        let Matter::Account(mail, _) = &self.matter else { return false };
        matches!(mail.secret(), Some(LinkSecret::Told(_)))
    }

    /// The mail as it is sent: with the link by which its recipient says that they want no more of
    /// these, where they may. Without the secret of its [`Letter::secret_id`] it has no link.
    ///
    /// # Errors
    /// When a value cannot be written; does not happen with text.
    pub fn content(
        &self,
        stationery: &Stationery,
        unsubscribe: Option<String>,
        secret: Option<&MailedSecret>,
    ) -> Result<Content, askama::Error> {
        let phrases = self.language.phrases();
        let mut draft = match &self.matter {
            Matter::Rendered(content) => return Ok(content.clone()),
            Matter::Order(mail, order) => self.about_order(*mail, order),
            Matter::Account(mail, name) => account(phrases, (mail, secret), name, stationery),
        };
        draft.notes.push((phrases.why)(&stationery.shop));
        if let Some(url) = unsubscribe {
            draft.notes.push(phrases.optional.to_owned());
            draft.unsubscribe = Some(Link { label: phrases.unsubscribe, url });
        }
        draft.render(&stationery.shop, self.language.tag())
    }

    /// The subject alone.
    #[must_use]
    pub fn subject(&self, stationery: &Stationery) -> String {
        let phrases = self.language.phrases();
        one_line(&match &self.matter {
            Matter::Rendered(content) => content.subject.clone(),
            Matter::Order(mail, order) => (mail.text(&phrases.orders).subject)(&order.number),
            Matter::Account(mail, _) => {
                let (text, _) = account_text(phrases, mail);
                (text.subject)(&stationery.shop)
            }
        })
    }

    fn about_order(&self, mail: OrderMail, order: &OrderForMail) -> Draft {
        let phrases = self.language.phrases();
        let (text, labels) = (mail.text(&phrases.orders), &phrases.labels);
        let mut draft = Draft {
            subject: (text.subject)(&order.number),
            heading: text.heading.to_owned(),
            greeting: Draft::greet(phrases, order.name.as_deref()),
            paragraphs: vec![(text.body)(&order.number)],
            ..Draft::default()
        };
        match mail {
            OrderMail::Confirmed => {
                if order.lines.iter().any(|line| line.digital) {
                    draft.paragraphs.push(phrases.orders.keys_follow.to_owned());
                }
                draft.items = self.bought(&order.lines, labels);
                draft.sums = self.sums(&order.totals, labels);
            }
            OrderMail::PaymentFailed | OrderMail::Cancelled | OrderMail::Delivered => {
                draft.items = self.bought(&order.lines, labels);
            }
            OrderMail::ParcelShipped => {
                if let Some(parcel) = &order.parcel {
                    add_parcel(&mut draft, parcel, labels);
                }
            }
            OrderMail::Refunded => {
                draft.facts.push(Fact { label: labels.order, value: order.number.clone() });
                let refund = order.refund.map(|refund| shown(refund, self.language));
                draft.facts.extend(refund.map(|value| Fact { label: labels.refund, value }));
            }
            OrderMail::LicenceKeys => draft.keys = named_keys(order),
        }
        draft
    }

    fn bought(&self, lines: &[OrderLine], labels: &Labels) -> Vec<Item> {
        let item = |line: &OrderLine| Item {
            name: format!("{} × {}", line.quantity, line.name),
            detail: format!(
                "{} · {}",
                line.sku,
                (labels.each)(&shown(line.unit_price, self.language))
            ),
            value: shown(line.total, self.language),
        };
        lines.iter().map(item).collect()
    }

    fn sums(&self, totals: &Totals, labels: &Labels) -> Vec<Fact> {
        let discount = totals.discount.amount.saturating_neg();
        let all = [
            (labels.subtotal, totals.subtotal, true),
            (labels.discount, Money::new(discount, totals.discount.currency), false),
            (labels.shipping, totals.shipping, false),
            (labels.tax, totals.tax, false),
            (labels.total, totals.total, true),
        ];
        all.into_iter()
            .filter(|(_, amount, always)| *always || amount.amount != 0)
            .map(|(label, amount, _)| Fact { label, value: shown(amount, self.language) })
            .collect()
    }
}

fn add_parcel(draft: &mut Draft, parcel: &Parcel, labels: &Labels) {
    draft.facts.push(Fact { label: labels.carrier, value: parcel.carrier.clone() });
    let number = parcel.tracking_number.clone();
    draft.facts.extend(number.map(|value| Fact { label: labels.tracking_number, value }));
    labels.contents.clone_into(&mut draft.items_title);
    let items = parcel.lines.iter().map(|line| Item {
        name: format!("{} × {}", line.quantity, line.name),
        detail: line.sku.to_string(),
        value: String::new(),
    });
    draft.items = items.collect();
}

fn named_keys(order: &OrderForMail) -> Vec<Item> {
    let name = |sku: &Sku| order.lines.iter().find(|line| line.sku == *sku).map(|line| &line.name);
    let keys = order.licence_keys.iter().map(|licence| Item {
        name: name(&licence.sku).cloned().unwrap_or_default(),
        detail: licence.sku.to_string(),
        value: licence.key.clone(),
    });
    keys.collect()
}

/// What is said about an account, and the link's label and path where it brings one.
fn account_text<'a>(
    phrases: &'a Phrases,
    mail: &AccountMail,
) -> (&'a AccountText, Option<(&'static str, &'static str)>) {
    let phrases = &phrases.accounts;
    let with_link = |known: &'a LinkText, path| (&known.text, Some((known.button, path)));
    match mail {
        AccountMail::Welcome(_) => with_link(&phrases.welcome, "verify-email"),
        AccountMail::VerifyEmail(_) => with_link(&phrases.verify_email, "verify-email"),
        AccountMail::ResetPassword(_) => with_link(&phrases.reset_password, "reset-password"),
        AccountMail::PasswordChanged => (&phrases.password_changed, None),
        AccountMail::EmailChanged => (&phrases.email_changed, None),
    }
}

fn account(
    phrases: &Phrases,
    (mail, told): (&AccountMail, Option<&MailedSecret>),
    name: &str,
    stationery: &Stationery,
) -> Draft {
    let (text, link) = account_text(phrases, mail);
    let subject = (text.subject)(&stationery.shop);
    let secret = match mail.secret() {
        Some(LinkSecret::Told(secret)) => Some(secret),
        Some(LinkSecret::Id(_)) | None => told,
    };
    let link = link.zip(secret).map(|((label, path), secret)| Link {
        label,
        url: format!("{}/{path}?token={}", stationery.public_url, secret.expose()),
    });
    Draft {
        heading: subject.clone(),
        subject,
        greeting: Draft::greet(phrases, Some(name)),
        paragraphs: vec![(text.body)(&stationery.shop), text.note.to_owned()],
        link,
        ..Draft::default()
    }
}
