//! Path, query, headers and what a page's form sends, with problems instead of plain text when they do not fit.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::{HeaderMap, HeaderName, header, request::Parts};
use serde::de::DeserializeOwned;
use techtrove_core::{Problem, codes};

use crate::{HttpError, json, pointer};

/// The query string. A parameter that is not acceptable is 422 with the pointer `/name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        Ok(Self(parse_query(parts.uri.query().unwrap_or_default())?))
    }
}

/// What the form of a page sends (`application/x-www-form-urlencoded`), as strict as a query: 415 for
/// another content type, 413 over the limit, 422 with the pointer `/name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, HttpError> {
        let given = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let essence = given.and_then(|given| given.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let detail = "the body must be a form: application/x-www-form-urlencoded";
            return Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE, detail).into());
        }
        let body = json::read(request).await?;
        let not_a_form = |_| Problem::new(codes::BAD_REQUEST, "the body is not a form");
        let body = std::str::from_utf8(&body).map_err(not_a_form)?;
        Ok(Self(parse_query(body)?))
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
    if let Some(name) = pairs(query).find_map(|(name, value)| value.is_empty().then_some(name)) {
        // Numbers and booleans without a value would be read as absent.
        return Err(Problem::invalid_field(format!("/{name}"), "a parameter has a value"));
    }
    let deserializer = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| json::invalid_value(error.path(), &error.inner().to_string()))
}

/// Refuses a query with a parameter that is not `known`: for calls that look at no query, as [`Query`] does
/// for those that do.
///
/// # Errors
/// 422 with the pointer `/name`.
pub fn refuse_unknown(query: &str, known: impl Fn(&str) -> bool) -> Result<(), Problem> {
    if pairs(query).all(|(name, _)| known(name)) {
        return Ok(());
    }
    let read: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    match read.iter().find(|(name, _)| !known(name)) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Problem::invalid_field(pointer::below(name, ""), "there is no such parameter"))
        }
    }
}

/// The parameters of a query as they are written.
fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
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
            ("limit=", "/limit"),
            ("in_stock", "/in_stock"),
            ("sku=a&&sku=", "/sku"),
            ("%00=a", ""),
        ] {
            assert_eq!(pointer_of(query), pointer, "{query}");
        }
    }

    #[test]
    fn a_parameter_that_nobody_reads_is_refused_however_it_is_written() {
        let refused = |query| {
            let known = |name: &str| ["limit", "cursor"].contains(&name);
            refuse_unknown(query, known).err().map(|problem| problem.errors[0].pointer.clone())
        };

        for query in ["", "&", "limit=5&cursor=x", "limit", "l%69mit=5"] {
            assert_eq!(refused(query), None, "{query}");
        }
        for (query, pointer) in
            [("colour=red", "/colour"), ("limit=1&%63olour", "/colour"), ("a~/b=1", "/a~0~1b")]
        {
            assert_eq!(refused(query).as_deref(), Some(pointer), "{query}");
        }
    }

    #[tokio::test]
    async fn a_form_is_read_as_strictly_as_a_query() {
        async fn take(content_type: &str, body: &'static str) -> Result<Filter, u16> {
            let request = http::Request::post("/").header("content-type", content_type);
            let request = request.body(Body::from(body)).expect("a request");
            let taken = Form::<Filter>::from_request(request, &()).await;
            taken.map(|Form(filter)| filter).map_err(|refused| refused.0.status)
        }
        let form = "application/x-www-form-urlencoded; charset=utf-8";

        let filter = take(form, "sku=a+b%20c&limit=7").await.expect("valid");

        assert_eq!((filter.sku, filter.limit), (vec!["a b c".to_owned()], Some(7)));
        assert_eq!(take(form, "colour=red").await, Err(422));
        assert_eq!(take(form, "sku=%00").await, Err(422));
        assert_eq!(take("application/json", "sku=a").await, Err(415));
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
