//! What a mail about an order needs, fetched when the mail is written: events carry none of it. Where
//! the buyer gave no address of their own, identity knows how to write to them.

use techtrove_core::{EmailAddress, Money, TypedId as _, planted};
use techtrove_identity_api::{Contact, UserId};
use techtrove_orders_api::{
    MailQuery, OrderForMail, OrderId, OrderLine, Parcel, ParcelLine, ShipmentId,
};
use uuid::Uuid;

use super::App;
use crate::{
    domain::{Line, Order},
    error::Error,
    store,
};

/// The contact and details of an order, with what else the mail is to tell.
///
/// # Errors
/// When there is no such order, parcel or refund, nobody is to be written to, a neighbour cannot be
/// reached, or the database fails.
pub(crate) async fn order_for_mail(
    app: &App,
    id: OrderId,
    query: MailQuery,
) -> Result<OrderForMail, Error> {
    let found = app
        .db
        .lookup("orders.mail", move |tx| store::lookup_order(tx, id).map_err(Error::from))
        .await?;
    let order = found.ok_or(Error::NotFound)?;
    // A refused attempt has no number: nobody is to be written to about it.
    let number = order.number.clone().ok_or(Error::NoContact)?;
    let recipient = recipient(app, &order).await?;
    let licence_keys =
        if query.licence_keys { super::licence_keys(app, &order).await? } else { Vec::new() };
    let parcel = query.parcel.map(|id| parcel(&order, id)).transpose()?;
    let refund = query.refund.map(|id| refund(&order, id)).transpose()?;
    Ok(OrderForMail {
        order_id: order.id,
        number: number.to_string(),
        status: order.status,
        email: recipient.email,
        name: recipient.name,
        lines: order.lines.into_iter().map(mailed).collect(),
        totals: order.totals,
        licence_keys,
        user_id: order.user_id.map(|user| user.uuid()),
        locale: recipient.locale,
        languages: order.languages,
        parcel,
        refund,
    })
}

fn mailed(line: Line) -> OrderLine {
    OrderLine {
        digital: !line.ships(),
        sku: line.sku,
        name: line.name,
        quantity: line.quantity.get(),
        unit_price: line.unit_price,
        total: line.total,
    }
}

fn parcel(order: &Order, id: ShipmentId) -> Result<Parcel, Error> {
    let any = planted("mail-of-the-first-parcel");
    let mut known = order.shipments.iter();
    let found = known.find(|known| known.id == id || any).ok_or(Error::NotFound)?;
    let lines = found.pieces.iter().filter_map(|pieces| {
        let Line { sku, name, .. } = order.lines.get(pieces.line)?;
        Some(ParcelLine { sku: sku.clone(), name: name.clone(), quantity: pieces.quantity.get() })
    });
    Ok(Parcel {
        carrier: found.carrier.clone(),
        tracking_number: found.tracking_number.clone(),
        lines: lines.collect(),
    })
}

fn refund(order: &Order, id: Uuid) -> Result<Money, Error> {
    let found = order.refunds.iter().find(|known| known.id.uuid() == id).ok_or(Error::NotFound)?;
    Ok(Money::new(found.amount, order.totals.total.currency))
}

/// Whom to write to, and how.
struct Recipient {
    email: EmailAddress,
    name: Option<String>,
    locale: Option<String>,
}

async fn recipient(app: &App, order: &Order) -> Result<Recipient, Error> {
    let known = match order.user_id {
        Some(user) => account(app, user).await?,
        None => None,
    };
    let addressee = order.delivery.shipping_address.as_ref().map(|address| address.name.clone());
    let (known_email, known_name, locale) = match known {
        Some(Contact { email, name, locale }) => (Some(email), Some(name), locale),
        None => (None, None, None),
    };
    let email = order.email.clone().or(known_email).ok_or(Error::NoContact)?;
    Ok(Recipient { email, name: addressee.or(known_name), locale })
}

/// What identity knows of the buyer, unless the account is gone.
async fn account(app: &App, user: UserId) -> Result<Option<Contact>, Error> {
    match app.identity.contact(user).await {
        Ok(contact) => Ok(Some(contact)),
        Err(error) => match error.refusal() {
            Some(_) => Ok(None),
            None => Err(Error::Neighbour(error)),
        },
    }
}
