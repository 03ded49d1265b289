//! What a customer thinks of a product. Text is stored to the letter as it was sent, and made safe where
//! it is shown; control characters never get in.

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::ProductId;
use techtrove_core::{Field, FieldError, Timestamp};
use techtrove_identity_api::UserId;
use utoipa::ToSchema;

use super::{Stars, Votes};

techtrove_core::typed_id!(
    /// One review; later ones sort behind earlier ones.
    ReviewId, "rev"
);

/// The longest title, in characters.
const MAX_TITLE: usize = 120;

/// The longest body, in characters.
const MAX_BODY: usize = 5_000;

/// Line and paragraph separator (Unicode 5.8): line breaks that are no control characters.
const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// What a customer thinks of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// Of which product.
    #[serde(rename = "product_id")]
    pub product: ProductId,
    /// Whose it is.
    #[serde(rename = "user_id")]
    pub user: UserId,
    /// How many stars it gives.
    #[schema(value_type = i64, minimum = 1, maximum = 5)]
    pub rating: Stars,
    /// It in a line.
    pub title: String,
    /// It in full.
    pub body: String,
    /// Whether its writer bought the product here, which the shop alone says.
    pub verified_purchase: bool,
    /// What others say of it.
    pub votes: Votes,
    /// Rises by one with every edit; neither votes nor a purchase are one.
    pub version: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// A review as a customer writes it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"rating": 5, "title": "Quiet", "body": "I do not hear it at all."}))]
pub struct NewReview {
    /// 1 to 5, more is better.
    #[schema(minimum = 1, maximum = 5)]
    rating: i64,
    /// It in a line.
    #[schema(
        min_length = 1,
        max_length = 120,
        pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    )]
    title: String,
    /// It in full.
    #[schema(min_length = 1, max_length = 5000)]
    body: String,
}

/// What a customer changes of their review. What is absent stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"rating": 4, "body": "I hear it now and then."}))]
pub struct ReviewChange {
    /// 1 to 5, more is better.
    #[serde(default)]
    #[schema(value_type = i64, required = false, minimum = 1, maximum = 5)]
    rating: Field<i64>,
    /// It in a line.
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 120)]
    title: Field<String>,
    /// It in full.
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 5000)]
    body: Field<String>,
}

/// What is wrong with a review, each value with its JSON Pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the review is not valid")]
pub struct InvalidReview(pub Vec<FieldError>);

/// The parts that a customer writes, checked; nothing where one stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    rating: Option<Stars>,
    title: Option<String>,
    body: Option<String>,
}

/// Who writes a review, of what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// The new review's id.
    pub id: ReviewId,
    /// Of which product.
    pub product: ProductId,
    /// Whose it is.
    pub user: UserId,
    /// The time.
    pub now: Timestamp,
}

impl NewReview {
    /// The review, when all of it is valid.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn checked(self, occasion: Occasion) -> Result<Review, InvalidReview> {
        let mut errors = Vec::new();
        let rating = taken(&mut errors, "/rating", checked_rating(self.rating));
        let title = taken(&mut errors, "/title", checked_title(self.title));
        let body = taken(&mut errors, "/body", checked_body(self.body));
        let (Some(rating), Some(title), Some(body)) = (rating, title, body) else {
            return Err(InvalidReview(errors));
        };
        let Occasion { id, product, user, now } = occasion;
        Ok(Review {
            id,
            product,
            user,
            rating,
            title,
            body,
            verified_purchase: false,
            votes: Votes::default(),
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }
}

impl ReviewChange {
    /// The change, when all of it is valid.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn checked(self) -> Result<Written, InvalidReview> {
        let mut errors = Vec::new();
        let rating = taken(&mut errors, "/rating", given(self.rating, checked_rating));
        let title = taken(&mut errors, "/title", given(self.title, checked_title));
        let body = taken(&mut errors, "/body", given(self.body, checked_body));
        let (Some(rating), Some(title), Some(body)) = (rating, title, body) else {
            return Err(InvalidReview(errors));
        };
        Ok(Written { rating, title, body })
    }
}

/// The accepted value, or nothing after its refusal was added.
fn taken<T>(
    errors: &mut Vec<FieldError>,
    pointer: &str,
    value: Result<T, impl Into<String>>,
) -> Option<T> {
    value.map_err(|detail| errors.push(FieldError::new(pointer, detail))).ok()
}

/// The checked value of a field that may be left out and may not be cleared.
fn given<T, U>(
    field: Field<T>,
    check: impl FnOnce(T) -> Result<U, String>,
) -> Result<Option<U>, String> {
    field.required()?.map(check).transpose()
}

fn checked_rating(rating: i64) -> Result<Stars, String> {
    Stars::new(rating).ok_or_else(|| "a rating is a number from 1 to 5".to_owned())
}

fn checked_title(title: String) -> Result<String, String> {
    let breaks = |c: char| c.is_control() || SEPARATORS.contains(&c);
    checked_text(title, MAX_TITLE, breaks, "on one line and without control characters")
}

fn checked_body(body: String) -> Result<String, String> {
    let refused = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    checked_text(body, MAX_BODY, refused, "without control characters other than line breaks")
}

/// The text to the letter, unless it is blank or too long, or has what is `refused`.
fn checked_text(
    text: String,
    max: usize,
    refused: impl Fn(char) -> bool,
    rule: &str,
) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().count() > max || text.contains(refused) {
        return Err(format!("must have 1 to {max} characters that are not all blank, {rule}"));
    }
    Ok(text)
}

impl Review {
    /// The review after an edit; one that changes nothing leaves the version as it is.
    #[must_use]
    pub fn edited(&self, written: Written, now: Timestamp) -> Self {
        let edited = Self {
            rating: written.rating.unwrap_or(self.rating),
            title: written.title.unwrap_or_else(|| self.title.clone()),
            body: written.body.unwrap_or_else(|| self.body.clone()),
            ..self.clone()
        };
        if edited == *self {
            return edited;
        }
        Self { version: self.version + 1, updated_at: now, ..edited }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use techtrove_core::TypedId;
    use uuid::Uuid;

    use super::*;

    fn written(rating: i64, title: &str, body: &str) -> Result<Review, InvalidReview> {
        let occasion = Occasion {
            id: ReviewId::from_uuid(Uuid::from_u128(1)),
            product: ProductId::from_uuid(Uuid::from_u128(2)),
            user: UserId::from_uuid(Uuid::from_u128(3)),
            now: Timestamp::from_micros(0),
        };
        NewReview { rating, title: title.to_owned(), body: body.to_owned() }.checked(occasion)
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let refused = written(6, " ", "\0").expect_err("refused");

        let pointers: Vec<_> = refused.0.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/rating", "/title", "/body"]);
    }

    #[test]
    fn text_has_an_end_and_a_title_one_line() {
        let long = |length| "ü".repeat(length);

        assert!(written(3, &long(MAX_TITLE), &long(MAX_BODY)).is_ok());
        for (title, body) in [
            (&*long(MAX_TITLE + 1), "So."),
            ("Good", &*long(MAX_BODY + 1)),
            ("One\ntwo", "So."),
            ("One\u{2028}two", "So."),
            ("Good", "\u{1b}[31m"),
            ("Good", " \n "),
        ] {
            assert!(written(3, title, body).is_err(), "{title:?}, {body:?}");
        }
    }

    #[test]
    fn an_edit_that_changes_nothing_leaves_the_version() {
        let review = written(4, "Good", "Quite.").expect("valid");
        let same = ReviewChange { rating: Field::Set(4), ..ReviewChange::default() };
        let worse = ReviewChange { rating: Field::Set(3), ..ReviewChange::default() };

        let same = review.edited(same.checked().expect("valid"), review.updated_at);
        let worse = review.edited(worse.checked().expect("valid"), review.updated_at);

        assert_eq!((same.version, worse.version, worse.rating.get()), (1, 2, 3));
        assert_eq!(worse.title, "Good");
    }

    #[test]
    fn no_part_is_cleared() {
        let cleared = ReviewChange { title: Field::Clear, ..ReviewChange::default() };

        assert!(cleared.checked().is_err());
    }

    proptest! {
        #[test]
        fn text_is_kept_to_the_letter(title in "[ -~ü]{0,9}[!-~][ -~ü]{0,9}", body in "[\\PC\r\n\t]{0,40}") {
            let review = written(1, &title, &body);

            match review {
                Ok(review) => prop_assert_eq!((review.title, review.body), (title, body)),
                Err(_) => prop_assert!(body.trim().is_empty()),
            }
        }
    }
}
