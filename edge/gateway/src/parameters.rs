//! Which parameters the operations' queries have, by the document. One that an operation does not have is
//! refused here, for all of them alike: most look at no query at all, and would drop it silently.

use std::collections::HashMap;

use axum::extract::{MatchedPath, Request};
use http::Method;
use serde::Deserialize;
use techtrove_core::Problem;
use techtrove_http::refuse_unknown;

/// What is read of the document.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    paths: HashMap<&'a str, Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    get: Option<Operation<'a>>,
    put: Option<Operation<'a>>,
    post: Option<Operation<'a>>,
    patch: Option<Operation<'a>>,
    delete: Option<Operation<'a>>,
}

#[derive(Deserialize)]
struct Operation<'a> {
    #[serde(borrow, default)]
    parameters: Vec<Parameter<'a>>,
}

#[derive(Deserialize)]
struct Parameter<'a> {
    name: &'a str,
    #[serde(rename = "in")]
    place: &'a str,
}

/// The parameters of each operation's query, by its path and method.
pub(crate) struct Parameters(HashMap<&'static str, Vec<(Method, Vec<&'static str>)>>);

impl Parameters {
    /// Those of the document.
    pub(crate) fn of(document: &'static str) -> Self {
        let document: Document<'static> = serde_json::from_str(document).expect("a test reads it");
        Self(document.paths.into_iter().map(|(path, item)| (path, methods(item))).collect())
    }

    /// Refuses a request with a parameter that its operation does not have. What is not in the document is
    /// not looked at.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Problem> {
        let Some(query) = request.uri().query() else { return Ok(()) };
        let Some(path) = request.extensions().get::<MatchedPath>() else { return Ok(()) };
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let methods = self.0.get(path.as_str()).map(Vec::as_slice).unwrap_or_default();
        let Some((_, names)) = methods.iter().find(|(known, _)| known == method) else {
            return Ok(());
        };
        refuse_unknown(query, |name| names.contains(&name))
    }
}

fn methods(item: Item<'static>) -> Vec<(Method, Vec<&'static str>)> {
    let all = [
        (Method::GET, item.get),
        (Method::PUT, item.put),
        (Method::POST, item.post),
        (Method::PATCH, item.patch),
        (Method::DELETE, item.delete),
    ];
    let known = all.into_iter().filter_map(|(method, operation)| Some((method, operation?)));
    known.map(|(method, operation)| (method, names(operation))).collect()
}

fn names(operation: Operation<'static>) -> Vec<&'static str> {
    let of_query = operation.parameters.into_iter().filter(|parameter| parameter.place == "query");
    of_query.map(|parameter| parameter.name).collect()
}
