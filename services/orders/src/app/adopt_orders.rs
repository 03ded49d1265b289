//! Identity says that an e-mail address is a user's: what guests ordered with it is theirs.

use std::sync::Arc;

use techtrove_bus::{Event, EventContext, HandlerError, first_time};
use techtrove_identity_api::EmailVerified;

use super::App;
use crate::{
    events::{IDENTITY_CONSUMER, adopted as adopted_event},
    store::{self, VerifiedAddress},
};

/// Gives the user the orders of guests with this contact, and those that come later once they are
/// confirmed. An address that has become somebody else's since is left to them.
///
/// # Errors
/// When the database fails, or the event is out of its order.
pub(crate) async fn adopt_orders(
    app: &App,
    event: Arc<Event>,
    verified: EmailVerified,
) -> Result<(), HandlerError> {
    let address = VerifiedAddress {
        user_id: verified.user_id,
        email_folded: verified.email.folded(),
        verified_at: event.time,
    };
    let (clock, ids) = (Arc::clone(&app.clock), Arc::clone(&app.ids));
    let adopted = app.db.write("orders.adopt", move |tx| -> Result<_, HandlerError> {
        if !first_time(tx, IDENTITY_CONSUMER, &event)? || !store::keep_verified(tx, &address)? {
            return Ok(0);
        }
        let adopted = store::adopt_orders(tx, &address)?;
        let news = adopted.iter().filter_map(|order| adopted_event(order, address.user_id));
        let news: Vec<_> = news.map(|event| (EventContext::new(&*clock, &*ids), event)).collect();
        techtrove_bus::record_all(tx, &news)?;
        Ok(adopted.len())
    });
    let adopted = adopted.await?;
    tracing::info!(user_id = %verified.user_id, adopted, "an address was verified");
    Ok(())
}
