//! What a mail about an order needs, fetched when the mail is written: events carry none of it.

use techtrove_orders_api::{OrderForMail, OrderId, OrderLine};

use super::App;
use crate::{error::Error, store};

/// The contact and details of an order.
///
/// # Errors
/// When there is no such order, it has no contact, or the database fails.
pub(crate) async fn order_for_mail(app: &App, id: OrderId) -> Result<OrderForMail, Error> {
    let found =
        app.db.read("orders.mail", move |tx| store::lookup_order(tx, id).map_err(Error::from)).await?;
    let order = found.ok_or(Error::NotFound)?;
    let (email, number) = order.email.zip(order.number).ok_or(Error::NoContact)?;
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
        name: order.delivery.shipping_address.map(|address| address.name),
        lines: lines.collect(),
        totals: order.totals,
    })
}
