//! Where a line's category stands in the tree, from the top down, so that an import makes in an empty shop
//! what an export told of.

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::MAX_DEPTH;
use techtrove_core::Field;

use super::{Category, CategoryChange, CategoryInput, Invalid, Slug};

/// A category on the way from the top to a product's, as lines tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathStep {
    slug: String,
    name: String,
    #[serde(default)]
    position: i64,
}

impl From<&Category> for PathStep {
    fn from(category: &Category) -> Self {
        Self {
            slug: category.slug.as_str().to_owned(),
            name: category.name.clone(),
            position: category.position,
        }
    }
}

/// The line of NDJSON that makes a category and those above it, with its line break.
///
/// # Errors
/// Never, as all of it can be written as JSON.
pub fn category_ndjson(path: &[Category]) -> Result<String, serde_json::Error> {
    let steps: Vec<PathStep> = path.iter().map(PathStep::from).collect();
    serde_json::to_string(&serde_json::json!({ "category_path": steps })).map(|line| line + "\n")
}

/// What makes the categories of a line, from the top down, as far as there are none: those of the path, else
/// one by its slug alone.
///
/// # Errors
/// When one of them cannot be, or the path does not lead to the line's category.
pub(super) fn categories_of_line(
    category: Option<String>,
    path: Option<Vec<PathStep>>,
) -> Result<Vec<CategoryChange>, Invalid> {
    let category = category.map(|slug| slug.parse::<Slug>()).transpose();
    let category = category.map_err(|detail| Invalid::field("/category", detail))?;
    let Some(path) = path else {
        return Ok(category.map(CategoryChange::of_slug).into_iter().collect());
    };
    let refused = |detail: String| Invalid::field("/category_path", detail);
    if path.len() > MAX_DEPTH {
        return Err(refused(format!("has at most {MAX_DEPTH} steps")));
    }
    let steps = path.into_iter().map(|PathStep { slug, name, position }| {
        let input = CategoryInput::new(name, slug, Field::Set(position));
        input.checked().map_err(|invalid| refused(invalid.summary()))
    });
    let steps = steps.collect::<Result<Vec<_>, Invalid>>()?;
    match (&category, steps.last()) {
        (Some(slug), last) if last.and_then(CategoryChange::slug) != Some(slug) => {
            Err(refused("leads to the category of the line".to_owned()))
        }
        _ => Ok(steps),
    }
}
