//! Whose a cart is: the user's who is signed in, or the guest's who holds its token. To everybody else
//! it does not exist.

use techtrove_core::{TypedId as _, planted};
use techtrove_db::Tx;
use techtrove_identity_api::{GuestSubject, UserId};

use super::App;
use crate::{
    domain::cart::{Cart, CartId},
    error::Error,
    store,
};

/// Who comes to a cart.
#[derive(Clone, Debug)]
pub(crate) struct Shopper {
    /// Who is signed in.
    pub user_id: Option<UserId>,
    /// The cart's token, if one was sent.
    pub cart_token: Option<String>,
}

/// What a shopper may open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    /// Which cart.
    pub id: CartId,
    /// The user's own.
    pub user_id: Option<UserId>,
    /// The guest's of this id.
    pub with_token: bool,
}

impl Shopper {
    /// That somebody in particular comes.
    ///
    /// # Errors
    /// [`Error::NoCredential`] when nobody does.
    pub(crate) fn require_credential(&self) -> Result<(), Error> {
        match (self.user_id, &self.cart_token) {
            (None, None) => Err(Error::NoCredential),
            _ => Ok(()),
        }
    }

    /// What this shopper may open of the cart `id`.
    ///
    /// # Errors
    /// [`Error::NoCredential`] for nobody in particular, [`Error::NotFound`] for a guest with another
    /// token.
    pub(super) fn access(&self, app: &App, id: CartId) -> Result<Access, Error> {
        let subject = GuestSubject::Cart(id.uuid());
        let with_token =
            self.cart_token.as_ref().is_some_and(|token| app.guest_key.matches(subject, token));
        match (self.user_id, &self.cart_token) {
            (None, None) => Err(Error::NoCredential),
            (None, Some(_)) if !with_token => Err(Error::NotFound),
            (user_id, _) => Ok(Access { id, user_id, with_token }),
        }
    }
}

impl Access {
    /// The cart, to be read.
    ///
    /// # Errors
    /// [`Error::NotFound`], or when the database fails.
    pub fn read(self, tx: &mut Tx<'_>) -> Result<Cart, Error> {
        self.open(store::lookup_cart(tx, self.id)?)
    }

    /// The cart, to be changed in this transaction.
    ///
    /// # Errors
    /// As [`Access::read`].
    pub fn lock(self, tx: &mut Tx<'_>) -> Result<Cart, Error> {
        self.open(store::lock_cart(tx, self.id)?)
    }

    fn open(self, found: Option<Cart>) -> Result<Cart, Error> {
        let own = |cart: &Cart| match cart.user_id {
            Some(owner) => self.user_id == Some(owner),
            None => self.with_token || self.user_id.is_some() && planted("cart-shown-to-strangers"),
        };
        found.filter(own).ok_or(Error::NotFound)
    }
}
