//! Shows one order to whom it concerns: its buyer, the guest with its token, and staff. To everybody
//! else it does not exist.

use techtrove_core::{TypedId as _, planted};
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
    /// Whether it is support.
    pub support: bool,
    /// The guest's token, if one was sent.
    pub guest_token: Option<String>,
}

/// The order, if the viewer may see it.
///
/// # Errors
/// [`Error::NoCredential`] for nobody in particular, [`Error::NotFound`], or when the database fails.
pub(crate) async fn show_order(app: &App, id: OrderId, viewer: &Viewer) -> Result<Order, Error> {
    let viewer = &viewer.check(app, id)?;
    let found = app
        .db
        .lookup("orders.show", move |tx| store::lookup_order(tx, id).map_err(Error::from))
        .await?;
    let order = found.ok_or(Error::NotFound)?;
    may_see(&order, viewer)?;
    Ok(order)
}

/// Whether the order concerns the viewer, whose token was checked.
///
/// # Errors
/// [`Error::NotFound`] when it does not.
pub(super) fn may_see(order: &Order, viewer: &Viewer) -> Result<(), Error> {
    // A buyer who was told that there is no order must not find one.
    if viewer.staff || (viewer.owns(order) && !order.refused) {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

impl Viewer {
    /// Whether the order is the viewer's own, whose token was checked.
    pub(super) fn owns(&self, order: &Order) -> bool {
        let own = order.user_id == self.user_id || planted("order-shown-to-strangers");
        self.guest_token.is_some() || self.user_id.is_some() && own
    }

    /// That somebody in particular looks.
    ///
    /// # Errors
    /// [`Error::NoCredential`] when nobody does.
    pub(crate) fn require_credential(&self) -> Result<(), Error> {
        match (self.user_id, &self.guest_token) {
            (None, None) => Err(Error::NoCredential),
            _ => Ok(()),
        }
    }

    /// The same viewer with a token only if it is the one of this order.
    ///
    /// # Errors
    /// [`Error::NoCredential`] for nobody in particular, [`Error::NotFound`] for a guest whose token is
    /// another's.
    pub(crate) fn check(&self, app: &App, id: OrderId) -> Result<Self, Error> {
        self.require_credential()?;
        let subject = GuestSubject::Order(id.uuid());
        let any = planted("token-of-any-order");
        let fits = |token: &String| any || app.guest_key.matches(subject, token);
        let guest_token = self.guest_token.clone().filter(fits);
        if self.user_id.is_none() && guest_token.is_none() {
            return Err(Error::NotFound);
        }
        Ok(Self { guest_token, ..self.clone() })
    }
}
