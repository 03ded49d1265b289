//! How a product is rated: how many of its reviews give how many stars. It follows each change of a
//! review instead of being counted anew, so that a product with many reviews costs no more than one with
//! few.

use serde::Serialize;
use techtrove_community_api::average_in_hundredths;
use utoipa::ToSchema;

/// How many stars a review gives: 1 to 5, more is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stars(u8);

impl Stars {
    /// So many stars, if a review can give them.
    #[must_use]
    pub fn new(number: i64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=5).contains(number)).map(Self)
    }

    /// Their number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0.into()
    }

    fn index(self) -> usize {
        usize::from(self.0) - 1
    }
}

/// A product's rating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rating {
    /// How many reviews give one star, two, and so on.
    pub stars: [i64; 5],
    /// Rises by one with every change.
    pub revision: i64,
}

impl Rating {
    /// The rating once a review that gives `stars` is there too.
    #[must_use]
    pub fn with(self, stars: Stars) -> Self {
        self.changed([(stars, 1)])
    }

    /// The rating once a review that gave `stars` is gone.
    #[must_use]
    pub fn without(self, stars: Stars) -> Self {
        self.changed([(stars, -1)])
    }

    /// The rating once a review gives `after` instead of `before`.
    #[must_use]
    pub fn instead(self, before: Stars, after: Stars) -> Self {
        self.changed([(before, -1), (after, 1)])
    }

    fn changed<const N: usize>(mut self, changes: [(Stars, i64); N]) -> Self {
        for (stars, by) in changes {
            self.stars[stars.index()] += by;
        }
        Self { revision: self.revision + 1, ..self }
    }

    /// All stars of all reviews.
    #[must_use]
    pub fn sum(self) -> i64 {
        (1..).zip(self.stars).map(|(stars, reviews): (i64, i64)| stars * reviews).sum()
    }

    /// How many reviews there are.
    #[must_use]
    pub fn count(self) -> i64 {
        self.stars.iter().sum()
    }
}

/// How a product is rated, as it is shown beside its reviews.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ReviewedRating)]
pub struct RatingBody {
    /// The average of the ratings, 0 without any.
    average: f64,
    /// How many there are.
    count: i64,
    /// How many reviews give how many stars.
    histogram: Histogram,
}

/// How many reviews give how many stars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Histogram {
    /// One star.
    #[serde(rename = "1")]
    one: i64,
    /// Two stars.
    #[serde(rename = "2")]
    two: i64,
    /// Three stars.
    #[serde(rename = "3")]
    three: i64,
    /// Four stars.
    #[serde(rename = "4")]
    four: i64,
    /// Five stars.
    #[serde(rename = "5")]
    five: i64,
}

impl From<Rating> for RatingBody {
    fn from(rating: Rating) -> Self {
        let average = f64::from(average_in_hundredths(rating.sum(), rating.count())) / 100.0;
        let [one, two, three, four, five] = rating.stars;
        let histogram = Histogram { one, two, three, four, five };
        Self { average, count: rating.count(), histogram }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What may happen to the reviews of a product; an index counts around those there are.
    #[derive(Clone, Copy, Debug)]
    enum Change {
        Write(Stars),
        Edit(usize, Stars),
        Delete(usize),
    }

    fn stars() -> impl Strategy<Value = Stars> {
        (1..=5_u8).prop_map(Stars)
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            stars().prop_map(Change::Write),
            (any::<usize>(), stars()).prop_map(|(at, stars)| Change::Edit(at, stars)),
            any::<usize>().prop_map(Change::Delete),
        ]
    }

    #[test]
    fn a_review_gives_one_to_five_stars() {
        let given =
            [i64::MIN, 0, 1, 5, 6, i64::MAX].map(|number| Stars::new(number).map(Stars::get));

        assert_eq!(given, [None, None, Some(1), Some(5), None, None]);
    }

    proptest! {
        #[test]
        fn it_is_that_of_the_reviews_there(changes in prop::collection::vec(change(), 0..60)) {
            let (mut rating, mut reviews) = (Rating::default(), Vec::new());

            for change in changes {
                let there = reviews.len().max(1);
                let before = rating;
                match change {
                    Change::Write(stars) => {
                        rating = rating.with(stars);
                        reviews.push(stars);
                    }
                    Change::Edit(at, stars) => {
                        let Some(review) = reviews.get_mut(at % there) else { continue };
                        rating = rating.instead(std::mem::replace(review, stars), stars);
                    }
                    Change::Delete(at) if !reviews.is_empty() => {
                        rating = rating.without(reviews.swap_remove(at % there));
                    }
                    Change::Delete(_) => continue,
                }
                prop_assert_eq!(rating.revision, before.revision + 1);
            }

            let count = i64::try_from(reviews.len()).expect("few");
            let sum = reviews.iter().map(|stars| stars.get()).sum::<i64>();
            prop_assert_eq!((rating.sum(), rating.count()), (sum, count));
            prop_assert!(rating.stars.iter().all(|reviews| *reviews >= 0));
        }
    }
}
