//! Whether a review helped, as other customers say: one vote each, which they may change or take back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ReviewId;

/// How many said what of a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReviewVotes)]
pub struct Votes {
    /// How many it helped.
    pub helpful: i64,
    /// How many it did not help.
    pub not_helpful: i64,
}

/// Somebody's vote, as they send it.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"helpful": true}))]
pub struct NewVote {
    /// Whether the review helped them.
    pub helpful: bool,
}

/// Somebody's vote, and all votes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Vote {
    /// On which review.
    pub review_id: ReviewId,
    /// Whether it helped them.
    pub helpful: bool,
    /// All votes on it.
    pub votes: Votes,
}

impl Votes {
    /// The votes once somebody who said `before` says `after`, either of which may be nothing.
    #[must_use]
    pub fn changed(self, before: Option<bool>, after: Option<bool>) -> Self {
        let by = |vote| i64::from(after == Some(vote)) - i64::from(before == Some(vote));
        Self { helpful: self.helpful + by(true), not_helpful: self.not_helpful + by(false) }
    }

    /// How far it stands up in the order of the helpful ones: those it helped less those it did not.
    #[must_use]
    pub fn helpfulness(self) -> i64 {
        self.helpful - self.not_helpful
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn everybody_counts_once_for_what_they_said_last(
            said in prop::collection::vec((0..8_u8, any::<Option<bool>>()), 0..60),
        ) {
            let (mut votes, mut by_voter) = (Votes::default(), BTreeMap::new());

            for (voter, vote) in said {
                let before = by_voter.insert(voter, vote).flatten();
                votes = votes.changed(before, vote);
            }

            let count = |wanted| {
                let found = by_voter.values().filter(|vote| **vote == Some(wanted)).count();
                i64::try_from(found).expect("few")
            };
            prop_assert_eq!(votes, Votes { helpful: count(true), not_helpful: count(false) });
        }
    }
}
