//! Puts a guest's cart into the own cart of the user they have become. Once it is there, it is there:
//! to claim it again changes nothing.

use techtrove_core::{Problem, Timestamp, planted};
use techtrove_db::Tx;
use techtrove_http::idempotency::{Answer, Key, Repeatable, once};
use techtrove_identity_api::UserId;

use super::{
    App,
    cart_access::{Access, Shopper},
    cart_answer::{CartAnswer, priced, written},
};
use crate::{
    domain::cart::{Cart, CartId, CartRefusal, CartState},
    error::Error,
    store,
};

/// What claiming needs from outside.
#[derive(Clone, Copy, Debug)]
struct Claim {
    access: Access,
    user: UserId,
    now: Timestamp,
    /// The id of the user's cart, if they have none.
    new: CartId,
}

/// The user's cart, which was claimed into.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Claimed(Cart);

impl Repeatable for Claimed {
    fn answer(&self) -> Result<Answer, Problem> {
        let body = serde_json::to_vec(self).map_err(Problem::internal)?;
        Ok(Answer { status: 200, body, location: None, version: None, resource: None })
    }
}

/// Adds everything in the guest's cart to the user's newest open cart, or a new one.
///
/// # Errors
/// When there is no such guest's cart, it is not open, or there would be too many items.
pub(crate) async fn claim_cart(
    app: &App,
    user: UserId,
    shopper: &Shopper,
    id: CartId,
    key: Option<Key>,
) -> Result<CartAnswer, Error> {
    let access = shopper.access(app, id)?;
    let claim = Claim { access, user, now: app.clock.now(), new: app.ids.next() };
    let job = move |tx: &mut Tx<'_>| once(tx, key.as_ref(), |tx| claim.run(tx).map(Claimed));
    let claimed = written(app.db.write("orders.claim_cart", job).await?)?;
    claimed.shown(async |Claimed(cart)| priced(app, &cart).await).await
}

impl Claim {
    fn run(&self, tx: &mut Tx<'_>) -> Result<Cart, Error> {
        let mut guest = self.access.lock(tx)?;
        // A user's own cart is theirs already.
        if guest.user_id.is_some() {
            guest.require_open()?;
            return Ok(guest);
        }
        if guest.state == CartState::Claimed {
            let own = store::lookup_claim(tx, guest.id, self.user)?.ok_or(CartRefusal::Claimed)?;
            return store::lookup_cart(tx, own)?.ok_or(Error::NotFound);
        }
        let mut own = self.own_cart(tx)?;
        let changes = own.take_over(&mut guest, self.now)?;
        store::save_cart(tx, &guest, &[])?;
        store::save_cart(tx, &own, &changes)?;
        store::insert_claim(tx, &guest, &own)?;
        Ok(own)
    }

    /// The user's cart, locked behind the guest's: nobody locks them the other way round. Two guests'
    /// carts that are claimed at once come into one.
    fn own_cart(&self, tx: &mut Tx<'_>) -> Result<Cart, Error> {
        store::lock_owner(tx, self.user)?;
        let current =
            store::lookup_current(tx, self.user)?.filter(|_| !planted("claim-makes-another"));
        let locked = current.map(|id| store::lock_cart(tx, id)).transpose()?.flatten();
        if let Some(cart) = locked.filter(|cart| cart.require_open().is_ok()) {
            return Ok(cart);
        }
        let cart = Cart::new(self.new, Some(self.user), self.now);
        store::insert_cart(tx, &cart)?;
        Ok(cart)
    }
}
