//! A product that a customer keeps in mind. A list has an end, so that nobody can fill the database.

use techtrove_catalog_api::ProductId;
use techtrove_core::Timestamp;
use techtrove_identity_api::UserId;

techtrove_core::typed_id!(
    /// One entry of somebody's favourites; later ones sort behind earlier ones.
    FavoriteId, "fav"
);

/// The most favourites of one customer; the table's `CHECK` says the same.
pub const MAX_FAVORITES: u32 = 1_000;

/// A product that a customer keeps in mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Favorite {
    /// Its place in the list.
    pub id: FavoriteId,
    /// Whose it is.
    pub user: UserId,
    /// Which product.
    pub product: ProductId,
    /// Since when.
    pub added_at: Timestamp,
}

/// The list is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are at most {MAX_FAVORITES} favourites: remove one first")]
pub struct TooManyFavorites;

/// How many there are once there is another beside these.
///
/// # Errors
/// [`TooManyFavorites`] when the list is full.
pub fn count_with_another(count: u32) -> Result<u32, TooManyFavorites> {
    if count < MAX_FAVORITES { Ok(count + 1) } else { Err(TooManyFavorites) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_grows_by_one_and_never_beyond_its_end(count in 0..=2 * MAX_FAVORITES) {
            match count_with_another(count) {
                Ok(more) => prop_assert!(more == count + 1 && more <= MAX_FAVORITES),
                Err(TooManyFavorites) => prop_assert!(count >= MAX_FAVORITES),
            }
        }
    }
}
