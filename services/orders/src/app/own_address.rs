//! Where goods go when the buyer names one of their own addresses: identity is asked what it says now, and
//! the order keeps the copy.

use techtrove_core::FieldError;
use techtrove_http::ClientError;
use techtrove_identity_api::AddressId;
use tokio::time::timeout;

use super::{App, Buyer, PlaceOrder, Placed, earlier::answered_before};
use crate::{domain::checkout::CheckoutError, error::Error};

/// A request once it is known where goods go.
#[derive(Debug)]
pub(crate) enum Addressed {
    /// It is to be carried out.
    Now(Box<PlaceOrder>),
    /// It was answered before, and the address has been forgotten since.
    Before(Placed),
}

/// The request with what the buyer's own address says, if it names one.
///
/// # Errors
/// When the buyer keeps no such address, or identity cannot be reached.
pub(crate) async fn to_own_address(
    app: &App,
    mut request: PlaceOrder,
    id: Option<AddressId>,
) -> Result<Addressed, Error> {
    let (Some(id), Buyer::User(user)) = (id, request.buyer) else {
        return Ok(Addressed::Now(Box::new(request)));
    };
    let after = app.config.deadlines.call;
    let late = |_| ClientError::Timeout { callee: "identity", after };
    let found = timeout(after, app.identity.address(user, id)).await.map_err(late)??;
    if found.is_none() {
        let unknown = FieldError::new("/shipping_address_id", "this is none of your addresses");
        let refusal = Error::from(CheckoutError::Invalid(vec![unknown]));
        let answer = answered_before(app, request.key, refusal).await?;
        return Ok(Addressed::Before(Placed::again(answer)));
    }
    request.wish.delivery.shipping_address = found;
    Ok(Addressed::Now(Box::new(request)))
}
