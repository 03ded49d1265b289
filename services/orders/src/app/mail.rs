//! What a mail about an order needs, fetched when the mail is written: events carry none of it. Where
//! the buyer gave no address of their own, identity knows how to write to them.

use techtrove_core::EmailAddress;
use techtrove_identity_api::Contact;
use techtrove_orders_api::{MailQuery, OrderForMail, OrderId, OrderLine};

use super::App;
use crate::{domain::Order, error::Error, store};

/// The contact and details of an order, with its licence keys if the mail is to tell them.
///
/// # Errors
/// When there is no such order, it has no contact, a neighbour cannot be reached, or the database fails.
pub(crate) async fn order_for_mail(
    app: &App,
    id: OrderId,
    query: MailQuery,
) -> Result<OrderForMail, Error> {
    let found = app
        .db
        .read("orders.mail", move |tx| store::lookup_order(tx, id).map_err(Error::from))
        .await?;
    let order = found.ok_or(Error::NotFound)?;
    // A refused attempt has no number: nobody is to be written to about it.
    let number = order.number.clone().ok_or(Error::NoContact)?;
    let (email, name) = contact(app, &order).await?;
    let licence_keys =
        if query.licence_keys { super::licence_keys(app, &order).await? } else { Vec::new() };
    let lines = order.lines.into_iter().map(|line| OrderLine {
        sku: line.sku,
        name: line.name,
        quantity: line.quantity.get(),
        unit_price: line.unit_price,
        total: line.total,
    });
    Ok(OrderForMail {
        order_id: order.id,
        number: number.to_string(),
        status: order.status,
        email,
        name,
        lines: lines.collect(),
        totals: order.totals,
        licence_keys,
    })
}

async fn contact(app: &App, order: &Order) -> Result<(EmailAddress, Option<String>), Error> {
    let recipient = order.delivery.shipping_address.as_ref().map(|address| address.name.clone());
    if let Some(email) = &order.email {
        return Ok((email.clone(), recipient));
    }
    let user = order.user_id.ok_or(Error::NoContact)?;
    let known = app.identity.contact(user).await;
    let Contact { email, name } = known.map_err(|error| match error.refusal() {
        Some(_) => Error::NoContact,
        None => Error::Neighbour(error),
    })?;
    Ok((email, recipient.or(Some(name))))
}
