//! Something became of an order: its buyer gets a mail. The contact and the details are fetched from
//! orders, because events carry neither, and never inside the transaction.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError};
use techtrove_http::ClientError;
use techtrove_orders_api::{MailQuery, OrderId};

use super::App;
use crate::{
    domain::{MailState, NewMail, OrderMail, message_id},
    events::ORDERS_CONSUMER,
    store,
};

/// Writes the mail that `event` asks for, once, however often it comes.
///
/// # Errors
/// When orders or the database cannot be reached: the event comes again.
pub async fn write_order_mail(
    app: &App,
    event: Arc<Event>,
    order: OrderId,
    kind: OrderMail,
) -> Result<(), HandlerError> {
    let query = MailQuery { licence_keys: kind == OrderMail::LicenceKeys };
    let details = app.orders.order_for_mail(order, query).await.map_err(|error| match error {
        ClientError::Refused(problem) if problem.status < 500 => HandlerError::failed(problem),
        away => HandlerError::unavailable(away),
    })?;
    let content = kind.content(&app.shop_name, &details)?;
    let mail = NewMail {
        id: app.ids.next(),
        event_id: event.id,
        template: kind.template(),
        subject_id: event.aggregate_id,
        recipient: details.email,
        message_id: message_id(event.id, kind.template(), &app.mail_domain),
        content,
        state: if app.sender.is_some() { MailState::Queued } else { MailState::Kept },
        created_at: app.clock.now(),
    };
    app.db
        .write("notifications.write_order_mail", move |tx| {
            if techtrove_bus::first_time(tx, ORDERS_CONSUMER, &event)? {
                store::insert_mail(tx, &mail)?;
            }
            Ok(())
        })
        .await
}
