//! The rules of favourites, reviews, votes and ratings. Plain functions which decide; nothing here reads,
//! writes or knows the time by itself. What they decide is stored by `crate::app` in one transaction.

mod favorite;
mod listing;
mod rating;
mod review;
mod vote;

pub use favorite::{Favorite, FavoriteId, MAX_FAVORITES, TooManyFavorites, count_with_another};
pub use listing::{ReviewCursor, ReviewList, ReviewPage, ReviewSort};
pub use rating::{Rating, RatingBody, Stars};
pub use review::{InvalidReview, NewReview, Occasion, Review, ReviewChange, ReviewId, Written};
pub use vote::{NewVote, Vote, Votes};
