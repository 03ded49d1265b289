//! Path, query and headers, with problems instead of plain text when they do not fit.

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, request::Parts};
use serde::de::DeserializeOwned;
use techtrove_core::{Problem, codes};

use crate::{HttpError, json};

/// The query string. A parameter that is not acceptable is 422 with the pointer `/name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        Ok(Self(parse_query(parts.uri.query().unwrap_or_default())?))
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    if let Some(pair) = query.split('&').find(|pair| pair.contains("%00")) {
        let name = pair.split('=').next().unwrap_or_default();
        let pointer = if name.contains("%00") { String::new() } else { format!("/{name}") };
        return Err(Problem::invalid_field(
            pointer,
            "a text must not contain the character U+0000",
        ));
    }
    let deserializer = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| json::invalid_value(error.path(), &error.inner().to_string()))
}

/// The path's parameters. A path that cannot be meant, such as another kind's id, is 404: no such
/// thing is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let not_found = || Problem::new(codes::NOT_FOUND, "there is nothing at this path");
        if parts.uri.path().contains("%00") {
            return Err(not_found().into());
        }
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) if rejection.status().is_server_error() => {
                // The handler's type does not fit its route, whatever the caller sends.
                Err(Problem::internal(rejection).into())
            }
            Err(_) => Err(not_found().into()),
        }
    }
}

/// A header as text.
///
/// # Errors
/// 400 when it is given more than once or is not visible ASCII.
pub fn header_text<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::new(codes::BAD_REQUEST, format!("the header {name} is given twice")));
    }
    value.to_str().map(Some).map_err(|_| {
        Problem::new(codes::BAD_REQUEST, format!("the header {name} is not visible ASCII"))
    })
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::StatusCode, routing::get};
    use proptest::prelude::*;
    use serde::Deserialize;
    use techtrove_core::PageRequest;
    use tower::ServiceExt as _;

    use super::*;

    techtrove_core::typed_id!(
        /// An id for these tests.
        ThingId, "thing"
    );

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Filter {
        sku: Vec<String>,
        in_stock: Option<bool>,
        limit: Option<u8>,
    }

    fn pointer_of(query: &str) -> String {
        let problem = parse_query::<Filter>(query).expect_err("must be refused");
        assert!(problem.is(codes::INVALID_REQUEST), "{query}: {problem}");
        problem.errors[0].pointer.clone()
    }

    #[test]
    fn a_query_is_read() {
        let filter: Filter = parse_query("sku=a&sku=b%20c&in_stock=true&limit=7").expect("valid");

        assert_eq!(filter.sku, ["a", "b c"]);
        assert_eq!((filter.in_stock, filter.limit), (Some(true), Some(7)));
        assert_eq!(parse_query::<Filter>("").expect("valid"), Filter::default());
    }

    #[test]
    fn a_wrong_parameter_is_pointed_at() {
        for (query, pointer) in [
            ("limit=many", "/limit"),
            ("limit=256", "/limit"),
            ("limit=1&limit=2", "/limit"),
            ("in_stock=perhaps", "/in_stock"),
            ("colour=red", "/colour"),
            ("sku=a%00b", "/sku"),
            ("%00=a", ""),
        ] {
            assert_eq!(pointer_of(query), pointer, "{query}");
        }
    }

    #[test]
    fn a_page_request_is_read() {
        let page: PageRequest = parse_query("limit=5&cursor=abc").expect("valid");

        assert_eq!(page, PageRequest { limit: Some(5), cursor: Some("abc".to_owned()) });
    }

    async fn status(path: &str) -> StatusCode {
        let router = Router::new()
            .route("/things/{id}", get(|Path(_): Path<ThingId>| async {}))
            .route("/texts/{text}", get(|Path(_): Path<String>| async {}))
            .route("/pairs/{id}/{attempt}", get(|Path(_): Path<(ThingId, u32)>| async {}));
        let request = http::Request::get(path).body(Body::empty()).expect("a request");
        router.oneshot(request).await.expect("infallible").status()
    }

    #[tokio::test]
    async fn a_path_that_names_nothing_is_not_found() {
        let id = "thing_01h455vb4pex5vsknk084sn02q";
        assert_eq!(status(&format!("/things/{id}")).await, StatusCode::OK);
        assert_eq!(status(&format!("/pairs/{id}/3")).await, StatusCode::OK);
        assert_eq!(status("/things/ord_01h455vb4pex5vsknk084sn02q").await, StatusCode::NOT_FOUND);
        assert_eq!(status("/things/1").await, StatusCode::NOT_FOUND);
        assert_eq!(status(&format!("/pairs/{id}/-1")).await, StatusCode::NOT_FOUND);
        assert_eq!(status("/texts/a%00b").await, StatusCode::NOT_FOUND);
        assert_eq!(status("/texts/%ff").await, StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_header_is_text_and_given_once() {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("x-thing");
        assert_eq!(header_text(&headers, &name).expect("absent"), None);
        headers.append(&name, "a".parse().expect("a value"));
        assert_eq!(header_text(&headers, &name).expect("one"), Some("a"));
        headers.append(&name, "b".parse().expect("a value"));
        assert!(header_text(&headers, &name).is_err());
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "\\PC*") {
            let _ = parse_query::<Filter>(&query);
        }
    }
}
