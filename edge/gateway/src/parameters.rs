//! Which parameters the operations' queries have, by the document. One that an operation does not have is
//! refused here, for all of them alike: most look at no query at all, and would drop it silently.

use std::collections::HashMap;

use axum::extract::{MatchedPath, Request};
use http::Method;
use techtrove_core::Problem;
use techtrove_http::refuse_unknown;
use utoipa::openapi::{
    OpenApi, PathItem, RefOr,
    path::{Operation, ParameterIn},
};

/// The parameters of each operation's query, by its path and method.
pub(crate) struct Parameters(HashMap<String, Vec<(Method, Vec<String>)>>);

impl Parameters {
    /// Those of the document.
    pub(crate) fn of(openapi: &OpenApi) -> Self {
        let path = |(path, item): (&String, &PathItem)| (path.clone(), methods(item));
        Self(openapi.paths.paths.iter().map(path).collect())
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
        refuse_unknown(query, |name| names.iter().any(|known| known == name))
    }
}

fn methods(item: &PathItem) -> Vec<(Method, Vec<String>)> {
    let all = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    let known = all
        .into_iter()
        .filter_map(|(method, operation)| Some((method, names(operation.as_ref()?))));
    known.collect()
}

fn names(operation: &Operation) -> Vec<String> {
    let of_query = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter),
        RefOr::T(_) | RefOr::Ref(_) => None,
    });
    of_query.map(|parameter| parameter.name.clone()).collect()
}
