//! Addresses of pictures. A client puts them into a page as they are, so that nothing but a path on the
//! shop's own origin or an address by HTTPS gets in, and no character that could end an attribute.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Invalid;

/// The most pictures of a product.
pub(super) const MAX_IMAGES: usize = 20;

/// The address of a picture: a path on the shop's origin, or one by HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUrl(String);

/// The text is no address of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an address of a picture: https://… or a path like /pictures/one.svg, at most {} characters, \
     percent-encoded",
    ImageUrl::MAX_LEN
)]
pub struct InvalidImageUrl;

impl ImageUrl {
    /// The longest address, in bytes.
    pub const MAX_LEN: usize = 2_000;

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A host and what follows it begin with a letter or a digit; `//` would be another host.
    fn is_one(text: &str) -> bool {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix('/'));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
            && text.len() <= Self::MAX_LEN
            && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b))
    }
}

impl FromStr for ImageUrl {
    type Err = InvalidImageUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if Self::is_one(text) { Ok(Self(text.to_owned())) } else { Err(InvalidImageUrl) }
    }
}

impl fmt::Display for ImageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ImageUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ImageUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::ToSchema for ImageUrl {}

impl utoipa::PartialSchema for ImageUrl {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^(https:/)?/[A-Za-z0-9][!-~]*$"))
            .max_length(Some(Self::MAX_LEN))
            .examples(["/pictures/examplar-x.jpg"])
            .into()
    }
}

/// The addresses, each once, in their order.
///
/// # Errors
/// All that are none, or come twice, or that there are too many.
pub(super) fn check_images(written: &[String]) -> Result<Vec<ImageUrl>, Invalid> {
    let mut invalid = Invalid::default();
    if written.len() > MAX_IMAGES {
        invalid.add("/images", format_args!("at most {MAX_IMAGES} pictures are allowed"));
    }
    let mut images = Vec::with_capacity(written.len().min(MAX_IMAGES));
    for (index, text) in written.iter().enumerate().take(MAX_IMAGES) {
        match text.parse::<ImageUrl>() {
            Ok(image) if images.contains(&image) => {
                invalid.add(format!("/images/{index}"), "this picture stands here twice");
            }
            Ok(image) => images.push(image),
            Err(refused) => invalid.add(format!("/images/{index}"), refused),
        }
    }
    invalid.finish().map(|()| images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_page_may_show_is_an_address() {
        for text in ["/demo/pictures/a.svg", "https://example.com/a%20b.png?w=2#x", "/a"] {
            assert!(text.parse::<ImageUrl>().is_ok(), "{text}");
        }
        let long = format!("/{}", "a".repeat(ImageUrl::MAX_LEN));
        for text in [
            "",
            "/",
            "a.png",
            "//example.com/a.png",
            "/\\example.com/a.png",
            "http://example.com/a.png",
            "https:///a.png",
            "javascript:alert(1)",
            "data:image/svg+xml,x",
            "/a b",
            "/a\"onerror=x",
            "/ä.png",
            "/a\n",
            &long,
        ] {
            assert!(text.parse::<ImageUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_product_has_few_pictures_each_once() {
        let many = |count| (0..count).map(|n| format!("/{n}.svg")).collect::<Vec<_>>();

        assert_eq!(check_images(&many(MAX_IMAGES)).map(|images| images.len()), Ok(MAX_IMAGES));
        assert!(check_images(&many(MAX_IMAGES + 1)).is_err());
        let refused = check_images(&["/a".to_owned(), "/a".to_owned(), "b".to_owned()]);
        let errors = refused.expect_err("refused").errors;
        assert_eq!(
            errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(),
            ["/images/1", "/images/2"]
        );
    }
}
