//! Something became of an order: its buyer gets a mail. The contact and the details are fetched from
//! orders, because events carry neither, and never inside the transaction.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Taken};
use techtrove_core::TypedId as _;
use techtrove_http::ClientError;
use techtrove_identity_api::UserId;
use techtrove_orders_api::{MailQuery, NO_CONTACT, OrderForMail, OrderId};

use super::{
    App,
    write_mail::{Writing, write_mail},
};
use crate::{
    domain::{Matter, OrderMail, Recipient},
    events::ORDERS_CONSUMER,
};

/// A mail about an order that an event asks for.
#[derive(Clone, Copy, Debug)]
pub struct WantedMail {
    /// About which order.
    pub order: OrderId,
    /// What for.
    pub mail: OrderMail,
    /// What else it is to tell.
    pub query: MailQuery,
}

/// Writes the mail that `event` asks for, once, however often it comes. There is none where nobody is
/// to be written to, or nothing to be told.
///
/// # Errors
/// When orders or the database cannot be reached: the event comes again.
pub async fn write_order_mail(
    app: &App,
    event: Arc<Event>,
    wanted: WantedMail,
) -> Result<Taken, HandlerError> {
    let Some(mut order) = details(app, wanted).await? else { return Ok(Taken::Ignored) };
    if !wanted.mail.has_matter(&order) {
        return Ok(Taken::Ignored);
    }
    let user = order.user_id.map(UserId::from_uuid);
    let to = Recipient { email: order.email.clone(), user };
    let languages = order.locale.take().into_iter().chain(std::mem::take(&mut order.languages));
    let languages = languages.collect();
    let kind = wanted.mail.kind();
    let matter = Matter::Order(wanted.mail, Box::new(order));
    let consumer = ORDERS_CONSUMER;
    write_mail(app, Writing { event, consumer, to, languages, kind, matter }).await
}

/// The order's contact and details; nothing when nobody is to be written to.
async fn details(app: &App, wanted: WantedMail) -> Result<Option<OrderForMail>, HandlerError> {
    match app.orders.order_for_mail(wanted.order, wanted.query).await {
        Ok(order) => Ok(Some(order)),
        Err(ClientError::Refused(problem)) if problem.code == NO_CONTACT.code => Ok(None),
        Err(ClientError::Refused(problem)) if problem.status < 500 => {
            Err(HandlerError::failed(problem))
        }
        Err(away) => Err(HandlerError::unavailable(away)),
    }
}
