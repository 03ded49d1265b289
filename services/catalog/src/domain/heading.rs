//! What categories and collections have in common: a name, a slug, and a place among their like.

use techtrove_core::Field;

use super::{Invalid, Slug, text};

/// The longest name, in characters.
const MAX_NAME: usize = 100;
/// The highest position.
const MAX_POSITION: i64 = 1_000_000;

/// The name that a write gives, when it is acceptable.
pub(super) fn check_name(name: Field<String>, invalid: &mut Invalid) -> Option<String> {
    let name = invalid.take("/name", name.required()).flatten()?;
    invalid.take("/name", text::line(&name, MAX_NAME))
}

/// The slug that a write gives, when it is acceptable.
pub(super) fn check_slug(slug: Field<String>, invalid: &mut Invalid) -> Option<Slug> {
    let slug = invalid.take("/slug", slug.required()).flatten()?;
    invalid.take("/slug", slug.parse())
}

/// The position that a write gives, when it is acceptable.
pub(super) fn check_position(position: Field<i64>, invalid: &mut Invalid) -> Option<i64> {
    let position = invalid.take("/position", position.required()).flatten()?;
    if !(0..=MAX_POSITION).contains(&position) {
        let detail = format_args!("a position is a whole number, 0 to {MAX_POSITION}");
        invalid.add("/position", detail);
    }
    Some(position)
}
