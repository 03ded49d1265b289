//! Whose products a manager may change: those of all categories, or of some and what is below them.

use std::collections::BTreeSet;

use techtrove_catalog_api::CategoryId;

/// The categories that a manager is limited to; nothing for one who is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach(Option<BTreeSet<CategoryId>>);

impl Reach {
    /// These categories alone, or all.
    #[must_use]
    pub fn of(categories: Option<impl IntoIterator<Item = CategoryId>>) -> Self {
        Self(categories.map(BTreeSet::from_iter))
    }

    /// Whether all products are within it, also those without a category.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.is_none()
    }

    /// Whether what stands right in this category is within it.
    #[must_use]
    pub fn names(&self, category: CategoryId) -> bool {
        self.0.as_ref().is_none_or(|categories| categories.contains(&category))
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::TypedId as _;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_limited_manager_reaches_what_is_named_and_others_everything() {
        let category = |number| CategoryId::from_uuid(Uuid::from_u128(number));
        let limited = Reach::of(Some([category(1)]));
        let nothing = Reach::of(Some([]));

        assert!(limited.names(category(1)) && !limited.names(category(2)));
        assert!(!nothing.names(category(1)) && !nothing.is_everything());
        assert!(Reach::default().names(category(2)) && Reach::default().is_everything());
    }
}
