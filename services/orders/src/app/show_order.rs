//! Shows one order to whom it concerns: its buyer, the guest with its token, and staff. To everybody
//! else it does not exist.

use techtrove_core::TypedId as _;
use techtrove_identity_api::{GuestSubject, UserId};
use techtrove_orders_api::OrderId;

use super::App;
use crate::{domain::Order, error::Error, store};

/// Who looks.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    /// Who is signed in.
    pub user_id: Option<UserId>,
    /// Whether it is staff.
    pub staff: bool,
    /// The guest's token, if one was sent.
    pub guest_token: Option<String>,
}

/// The order, if the viewer may see it.
///
/// # Errors
/// [`Error::NoCredential`] for nobody in particular, [`Error::NotFound`], or when the database fails.
pub(crate) async fn show_order(app: &App, id: OrderId, viewer: &Viewer) -> Result<Order, Error> {
    if viewer.user_id.is_none() && viewer.guest_token.is_none() {
        return Err(Error::NoCredential);
    }
    let subject = GuestSubject::Order(id.uuid());
    let with_token =
        viewer.guest_token.as_ref().is_some_and(|token| app.guest_key.matches(subject, token));
    if viewer.user_id.is_none() && !with_token {
        return Err(Error::NotFound);
    }
    let found = app
        .db
        .read("orders.show", move |tx| store::lookup_order(tx, id).map_err(Error::from))
        .await?;
    let order = found.ok_or(Error::NotFound)?;
    let own = with_token || (viewer.user_id.is_some() && order.user_id == viewer.user_id);
    // A buyer who was told that there is no order must not find one.
    if viewer.staff || (own && !order.refused) { Ok(order) } else { Err(Error::NotFound) }
}
