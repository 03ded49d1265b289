//! A user keeps addresses, changes and forgets them. Somebody else's does not exist for them.

use techtrove_core::{Page, PageRequest, Problem};
use techtrove_http::{
    IfMatch,
    idempotency::{Key, Once, once},
};
use techtrove_identity_api::{Address, AddressId, UserId};

use super::App;
use crate::{
    domain::{AddressEdit, KeptAddress, MAX_ADDRESSES},
    error::Error,
    store,
};

/// Keeps an address, once per key.
///
/// # Errors
/// [`Error::UnknownUser`], [`Error::TooManyAddresses`], or when the database fails.
pub async fn keep_address(
    app: &App,
    user: UserId,
    address: Address,
    key: Option<Key>,
) -> Result<Once<KeptAddress>, Error> {
    let created_at = app.clock.now();
    let kept = KeptAddress { id: app.ids.next(), user_id: user, address, version: 1, created_at };
    let kept = app.db.write("identity.keep_address", move |tx| {
        once(tx, key.as_ref(), |tx| {
            store::lock_user(tx, user)?.ok_or(Error::UnknownUser)?;
            if store::count_addresses(tx, user)? >= MAX_ADDRESSES {
                return Err(Error::TooManyAddresses);
            }
            store::insert_address(tx, &kept)?;
            Ok(kept.clone())
        })
    });
    kept.await
}

/// The user's address of this id.
///
/// # Errors
/// [`Error::UnknownAddress`], or when the database fails.
pub async fn get_address(app: &App, user: UserId, id: AddressId) -> Result<KeptAddress, Error> {
    lookup_address(app, user, id).await?.ok_or(Error::UnknownAddress)
}

/// The user's address of this id, if they keep such a one.
///
/// # Errors
/// When the database fails.
pub async fn lookup_address(
    app: &App,
    user: UserId,
    id: AddressId,
) -> Result<Option<KeptAddress>, Error> {
    let found = app.db.read("identity.lookup_address", move |tx| {
        store::lookup_address(tx, user, id).map_err(Error::from)
    });
    found.await
}

/// A page of the user's addresses, newest first.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn list_addresses(
    app: &App,
    user: UserId,
    page: &PageRequest,
) -> Result<Page<KeptAddress>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<AddressId>()?);
    let rows = app.db.read("identity.list_addresses", move |tx| {
        store::list_addresses(tx, user, before, limit + 1).map_err(Error::from)
    });
    Ok(Page::from_surplus(rows.await?, limit, |kept| kept.id))
}

/// Changes the address, unless the user saw another version and says so. A change that changes nothing
/// leaves the version as it is.
///
/// # Errors
/// [`Error::UnknownAddress`], [`Error::Refused`] when the version is another, [`Error::Invalid`], or when
/// the database fails.
pub async fn edit_address(
    app: &App,
    (user, id): (UserId, AddressId),
    if_match: Option<IfMatch>,
    edit: AddressEdit,
) -> Result<KeptAddress, Error> {
    let edited = app.db.write("identity.edit_address", move |tx| {
        let mut kept = store::lock_address(tx, user, id)?.ok_or(Error::UnknownAddress)?;
        if_match.as_ref().map_or(Ok(()), |seen| seen.check(kept.version))?;
        let address = edit.clone().applied(kept.address.clone()).map_err(Error::Invalid)?;
        if address != kept.address {
            kept.version += 1;
            kept.address = address;
            store::update_address(tx, &kept)?;
        }
        Ok(kept)
    });
    edited.await
}

/// Forgets the address, unless the user saw another version and says so.
///
/// # Errors
/// [`Error::UnknownAddress`], [`Error::Refused`] when the version is another, or when the database fails.
pub async fn forget_address(
    app: &App,
    (user, id): (UserId, AddressId),
    if_match: Option<IfMatch>,
) -> Result<(), Error> {
    let forgotten = app.db.write("identity.forget_address", move |tx| {
        let kept = store::lock_address(tx, user, id)?.ok_or(Error::UnknownAddress)?;
        if_match.as_ref().map_or(Ok(()), |seen| seen.check(kept.version))?;
        store::delete_address(tx, id).map_err(Error::from)
    });
    forgotten.await
}
