//! Whose products a manager may manage: those of all categories, or of some and what is below them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use techtrove_core::TypedId as _;
use techtrove_identity_api::GrantedCategory;

use crate::{CategoryId, ProductId};

/// How many levels the tree of categories may have.
pub const MAX_DEPTH: usize = 8;

/// The categories that a manager is limited to; nothing for one who is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reach(Option<BTreeSet<CategoryId>>);

/// Asks whether all of these products are within a manager's reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachRequest {
    /// The manager's.
    pub reach: Reach,
    /// At most 200.
    pub products: BTreeSet<ProductId>,
}

impl Reach {
    /// These categories alone, or all.
    #[must_use]
    pub fn of(categories: Option<Vec<GrantedCategory>>) -> Self {
        let category = |granted: GrantedCategory| CategoryId::from_uuid(granted.uuid());
        Self(categories.map(|granted| granted.into_iter().map(category).collect()))
    }

    /// Whether all products are within it, also those without a category.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.is_none()
    }

    /// Whether what stands in `place` is within it: that category, or one above it, is named.
    ///
    /// # Errors
    /// Those of `parent_of`, which says what a category stands in.
    pub fn covers<E>(
        &self,
        place: Option<CategoryId>,
        mut parent_of: impl FnMut(CategoryId) -> Result<Option<CategoryId>, E>,
    ) -> Result<bool, E> {
        let Some(named) = &self.0 else { return Ok(true) };
        let mut place = place;
        // Whoever hears of moves by events may see two categories stand in each other for a moment.
        for _ in 0..MAX_DEPTH {
            let Some(category) = place else { return Ok(false) };
            if named.contains(&category) {
                return Ok(true);
            }
            place = parent_of(category)?;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use uuid::Uuid;

    use super::*;

    fn category(number: u128) -> CategoryId {
        CategoryId::from_uuid(Uuid::from_u128(number))
    }

    /// The tree: 1 above 2, 2 above 3, and 8 and 9 in each other.
    fn parent_of(place: CategoryId) -> Result<Option<CategoryId>, Infallible> {
        let parents = [(2, 1), (3, 2), (8, 9), (9, 8)];
        let found = parents.into_iter().find(|(below, _)| category(*below) == place);
        Ok(found.map(|(_, above)| category(above)))
    }

    fn covers(reach: &Reach, place: Option<u128>) -> bool {
        let Ok(covered) = reach.covers(place.map(category), parent_of);
        covered
    }

    #[test]
    fn a_limited_manager_reaches_what_is_named_and_below_it_and_others_everything() {
        let granted = |number| GrantedCategory::from_uuid(Uuid::from_u128(number));
        let limited = Reach::of(Some(vec![granted(2)]));
        let nothing = Reach::of(Some(Vec::new()));
        let everything = Reach::of(None);

        assert!(covers(&limited, Some(2)) && covers(&limited, Some(3)));
        assert!(
            !covers(&limited, Some(1)) && !covers(&limited, None) && !covers(&limited, Some(8))
        );
        assert!(!covers(&nothing, Some(1)) && !nothing.is_everything());
        assert!(covers(&everything, None) && covers(&everything, Some(8)));
        assert!(everything.is_everything() && everything == Reach::default());
    }

    #[test]
    fn a_reach_is_told_as_it_is() {
        let granted = GrantedCategory::from_uuid(Uuid::from_u128(2));
        for reach in [Reach::of(Some(vec![granted])), Reach::of(Some(Vec::new())), Reach::of(None)]
        {
            let told = serde_json::to_string(&reach).expect("is written");

            assert_eq!(serde_json::from_str::<Reach>(&told).expect("is read"), reach, "{told}");
        }
    }
}
