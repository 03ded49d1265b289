//! Categories: a tree of bounded depth in which products stand. A category can never stand below
//! itself; one that holds something can't be deleted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::{CategoryId, MAX_DEPTH};
use techtrove_core::{Field, Timestamp};

use super::{
    Invalid, Slug,
    heading::{check_name, check_position, check_slug},
};

/// A category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// Its name in addresses, unique among categories.
    pub slug: Slug,
    /// How it is called.
    pub name: String,
    /// The category it stands in.
    pub parent_id: Option<CategoryId>,
    /// Its place among its siblings, lowest first; those of one place stand by name.
    pub position: i64,
    /// Raised by edits only.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// Makes a category.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCategory {
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    )]
    name: String,
    /// Made of the name when absent.
    #[schema(value_type = Option<Slug>)]
    slug: Option<String>,
    /// The category it stands in; none when absent.
    parent_id: Option<CategoryId>,
    /// 0 when absent.
    #[schema(minimum = 0, maximum = 1_000_000)]
    position: Option<i64>,
}

/// Changes the fields that are there, as a JSON Merge Patch (RFC 7396).
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CategoryPatch)]
pub struct CategoryInput {
    #[serde(default)]
    #[schema(value_type = String, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
    name: Field<String>,
    #[serde(default)]
    #[schema(value_type = Slug)]
    slug: Field<String>,
    #[serde(default)]
    #[schema(value_type = Option<CategoryId>)]
    parent_id: Field<CategoryId>,
    #[serde(default)]
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000)]
    position: Field<i64>,
}

/// A change whose every value is accepted by itself.
#[derive(Clone, Debug, Default)]
pub struct CategoryChange {
    name: Option<String>,
    slug: Option<Slug>,
    parent_id: Field<CategoryId>,
    position: Option<i64>,
}

impl From<NewCategory> for CategoryInput {
    fn from(new: NewCategory) -> Self {
        Self {
            name: Field::Set(new.name),
            slug: new.slug.into(),
            parent_id: new.parent_id.into(),
            position: new.position.into(),
        }
    }
}

impl CategoryInput {
    /// What makes a category of this name, slug and place among its siblings.
    pub(super) fn new(name: String, slug: String, position: Field<i64>) -> Self {
        let (name, slug) = (Field::Set(name), Field::Set(slug));
        Self { name, slug, position, parent_id: Field::Keep }
    }

    /// The change, when every value is acceptable by itself.
    ///
    /// # Errors
    /// All values that are not.
    pub fn checked(self) -> Result<CategoryChange, Invalid> {
        let mut invalid = Invalid::default();
        let change = CategoryChange {
            name: check_name(self.name, &mut invalid),
            slug: check_slug(self.slug, &mut invalid),
            parent_id: self.parent_id,
            position: check_position(self.position, &mut invalid),
        };
        invalid.finish().map(|()| change)
    }
}

impl CategoryChange {
    /// What makes a category of which only the slug is known, as an import meets it.
    #[must_use]
    pub fn of_slug(slug: Slug) -> Self {
        Self { name: Some(slug.to_words()), slug: Some(slug), ..Self::default() }
    }

    /// The same change, which also moves it into this category, or to the top.
    #[must_use]
    pub fn below(self, parent: Option<CategoryId>) -> Self {
        Self { parent_id: parent.into(), ..self }
    }

    /// The slug that the change asks for, if it does.
    #[must_use]
    pub fn slug(&self) -> Option<&Slug> {
        self.slug.as_ref()
    }

    /// The category that the change moves it into, if it does.
    #[must_use]
    pub fn parent_id(&self) -> Option<CategoryId> {
        match self.parent_id {
            Field::Set(id) => Some(id),
            Field::Keep | Field::Clear => None,
        }
    }
}

impl Category {
    /// A new category.
    ///
    /// # Errors
    /// When it has no name.
    pub fn create(change: CategoryChange, id: CategoryId, now: Timestamp) -> Result<Self, Invalid> {
        let Some(name) = change.name.clone() else {
            return Err(Invalid::field("/name", "a category needs a name"));
        };
        let slug = change.slug.clone().unwrap_or_else(|| Slug::from_name(&name, "category"));
        let blank = Self {
            id,
            slug,
            name,
            parent_id: None,
            position: 0,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        Ok(Self { version: 1, ..blank.edited(change, now) })
    }

    /// The category after an edit, its version raised unless nothing was changed.
    #[must_use]
    pub fn edited(&self, change: CategoryChange, now: Timestamp) -> Self {
        let edited = Self {
            id: self.id,
            slug: change.slug.unwrap_or_else(|| self.slug.clone()),
            name: change.name.unwrap_or_else(|| self.name.clone()),
            parent_id: change.parent_id.applied(self.parent_id),
            position: change.position.unwrap_or(self.position),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        if edited == *self {
            return edited;
        }
        Self { version: self.version.saturating_add(1), updated_at: now, ..edited }
    }
}

/// Whether category `id` may stand in `parent`, given every category's parent.
///
/// # Errors
/// When the parent is unknown, is the category itself or stands below it, or when the tree would
/// become too deep.
pub fn descend(
    parents: &BTreeMap<CategoryId, Option<CategoryId>>,
    id: CategoryId,
    parent: CategoryId,
) -> Result<(), Invalid> {
    let refuse = |detail: &str| Err(Invalid::field("/parent_id", detail));
    if !parents.contains_key(&parent) {
        return refuse("there is no such category");
    }
    let mut above = Some(parent);
    let mut depth = 0;
    while let Some(here) = above {
        if here == id {
            return refuse("a category cannot stand in itself or below itself");
        }
        depth += 1;
        if depth > MAX_DEPTH {
            break;
        }
        above = parents.get(&here).copied().flatten();
    }
    if depth + height(parents, id) > MAX_DEPTH {
        return refuse("the tree of categories has at most 8 levels");
    }
    Ok(())
}

/// How many levels `id` and what stands below it take.
fn height(parents: &BTreeMap<CategoryId, Option<CategoryId>>, id: CategoryId) -> usize {
    let mut level = BTreeSet::from([id]);
    let mut height = 0;
    while !level.is_empty() && height <= MAX_DEPTH {
        height += 1;
        level = parents
            .iter()
            .filter(|(_, parent)| parent.is_some_and(|parent| level.contains(&parent)))
            .map(|(child, _)| *child)
            .collect();
    }
    height
}

/// A category with what stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CategoryNode {
    /// The category itself.
    #[serde(flatten)]
    pub category: Category,
    /// The categories in it, in their order.
    #[schema(no_recursion)]
    pub children: Vec<CategoryNode>,
}

/// The categories as a tree: siblings by position, then name, then id.
#[must_use]
pub fn tree(mut categories: Vec<Category>) -> Vec<CategoryNode> {
    categories.sort_by(|a, b| (a.position, &a.name, a.id).cmp(&(b.position, &b.name, b.id)));
    let mut by_parent: BTreeMap<Option<CategoryId>, Vec<Category>> = BTreeMap::new();
    for category in categories {
        by_parent.entry(category.parent_id).or_default().push(category);
    }
    children(&mut by_parent, None)
}

fn children(
    by_parent: &mut BTreeMap<Option<CategoryId>, Vec<Category>>,
    parent: Option<CategoryId>,
) -> Vec<CategoryNode> {
    let here = by_parent.remove(&parent).unwrap_or_default();
    here.into_iter()
        .map(|category| CategoryNode { children: children(by_parent, Some(category.id)), category })
        .collect()
}

#[cfg(test)]
mod tests {
    use techtrove_core::TypedId;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> CategoryId {
        CategoryId::from_uuid(Uuid::from_u128(number))
    }

    /// 1 ⊃ 2 ⊃ … ⊃ `length`, and 100 beside them.
    fn chain(length: u128) -> BTreeMap<CategoryId, Option<CategoryId>> {
        let below = (1..=length).map(|number| (id(number), (number > 1).then(|| id(number - 1))));
        below.chain([(id(100), None)]).collect()
    }

    #[test]
    fn a_category_cannot_stand_in_or_below_itself() {
        for parent in 1..=4 {
            assert!(descend(&chain(4), id(1), id(parent)).is_err());
        }
        assert!(descend(&chain(4), id(4), id(1)).is_ok());
        assert!(descend(&chain(4), id(4), id(99)).is_err());
    }

    #[test]
    fn the_tree_is_eight_levels_deep() {
        assert!(descend(&chain(7), id(100), id(7)).is_ok());
        assert!(descend(&chain(8), id(100), id(8)).is_err());
        assert!(descend(&chain(7), id(1), id(100)).is_ok());
        assert!(descend(&chain(8), id(1), id(100)).is_err());
    }

    #[test]
    fn siblings_stand_by_position_then_name() {
        let of_slug = CategoryChange::of_slug("x".parse().expect("a slug"));
        let category = |number, parent, position, name: &str| Category {
            parent_id: parent,
            position,
            name: name.to_owned(),
            ..Category::create(of_slug.clone(), id(number), Timestamp::from_micros(0))
                .expect("named")
        };
        let all = vec![
            category(1, Some(id(4)), 0, "deep"),
            category(2, None, 1, "a"),
            category(3, None, 0, "z"),
            category(4, None, 0, "b"),
        ];

        let tree = tree(all);

        let names: Vec<&str> = tree.iter().map(|node| node.category.name.as_str()).collect();
        assert_eq!(names, ["b", "z", "a"]);
        assert_eq!(tree.first().map(|node| node.children.len()), Some(1));
    }
}
