//! The rules of favourites. Plain functions which decide; nothing here reads, writes or knows the time
//! by itself. What they decide is stored by `crate::app` in one transaction.

mod favorite;

pub use favorite::{Favorite, FavoriteId, MAX_FAVORITES, TooManyFavorites, count_with_another};
