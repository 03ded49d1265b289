//! Where an answer leads: the OpenAPI links from what was made to the calls that take its ids, so that
//! a client, or a fuzzer, follows them without reading prose. They are made of the routes that run.

use utoipa::openapi::{
    OpenApi, PathItem, RefOr,
    link::{Link, LinkBuilder},
    path::Operation,
};

/// An answer: the operation, the status, below which path its links lead, and the parameters that it
/// fills, each by its pointer into the answer.
type Lead = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const LEADS: [Lead; 11] = [
    ("create_product", "201", "/api/v1/products/{id}", &[("id", "/id")]),
    ("create_product", "201", "/api/v1/inventory/{sku}", &[("sku", "/variants/0/sku")]),
    ("create_category", "201", "/api/v1/categories/{id}", &[("id", "/id")]),
    ("create_collection", "201", "/api/v1/collections/{id}", &[("id", "/id")]),
    ("keep_address", "201", "/api/v1/users/me/addresses/{id}", &[("id", "/id")]),
    ("import_products", "202", "/api/v1/jobs/{id}", &[("id", "/job_id")]),
    ("create_cart", "201", "/api/v1/carts/{id}", &[("id", "/id")]),
    ("add_cart_item", "201", "/api/v1/carts/{id}", &[("id", "/id"), ("item_id", "/items/0/id")]),
    ("place_order", "201", "/api/v1/orders/{id}", &[("id", "/id")]),
    ("checkout_cart", "201", "/api/v1/orders/{id}", &[("id", "/id")]),
    ("place_order", "201", "/api/v1/payments/{id}", &[("id", "/payment/id")]),
];

/// Adds the links of all answers to the document.
pub(crate) fn add(openapi: &mut OpenApi) {
    for (source, status, below, fills) in LEADS {
        let targets: Vec<Link> = openapi
            .paths
            .paths
            .iter()
            .filter(|(path, _)| {
                path.strip_prefix(below)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .flat_map(|(path, item)| operations(item).map(move |operation| (path, operation)))
            .filter(|(path, _)| is_filled(path, fills))
            .filter_map(|(path, operation)| link(path, operation, fills))
            .collect();
        let sources = openapi.paths.paths.values_mut().flat_map(operations_mut);
        for operation in sources.filter(|found| found.operation_id.as_deref() == Some(source)) {
            if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
                for target in &targets {
                    response.links.insert(target.operation_id.clone(), RefOr::T(target.clone()));
                }
            }
        }
    }
}

/// Whether every parameter of `path` is filled.
fn is_filled(path: &str, fills: &[(&str, &str)]) -> bool {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.into_iter().all(|name| fills.iter().any(|(filled, _)| *filled == name))
}

fn link(path: &str, operation: &Operation, fills: &[(&str, &str)]) -> Option<Link> {
    let link = LinkBuilder::new().operation_id(operation.operation_id.clone()?);
    let taken = fills.iter().filter(|(name, _)| path.contains(&format!("{{{name}}}")));
    let filled = taken.fold(link, |link, (name, pointer)| {
        link.parameter(*name, format!("$response.body#{pointer}"))
    });
    Some(filled.build())
}

fn operations(item: &PathItem) -> impl Iterator<Item = &Operation> {
    [&item.get, &item.put, &item.post, &item.patch, &item.delete].into_iter().flatten()
}

/// The operations of a path.
pub(crate) fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, patch, delete, .. } = item;
    [get, put, post, patch, delete].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::openapi::{
        HttpMethod, OpenApiBuilder, PathsBuilder, ResponseBuilder, path::OperationBuilder,
    };

    use super::*;

    fn item(method: HttpMethod, id: &str) -> PathItem {
        let answer = ResponseBuilder::new().description("It is made");
        let operation = OperationBuilder::new().operation_id(Some(id)).response("201", answer);
        PathItem::new(method, operation)
    }

    #[test]
    fn a_new_cart_leads_to_the_calls_that_take_its_id_alone() {
        let paths = PathsBuilder::new()
            .path("/api/v1/carts", item(HttpMethod::Post, "create_cart"))
            .path("/api/v1/carts/{id}", item(HttpMethod::Get, "get_cart"))
            .path("/api/v1/carts/{id}/items/{item_id}", item(HttpMethod::Patch, "edit_cart_item"))
            .path("/api/v1/cartsmiths/{id}", item(HttpMethod::Get, "get_cartsmith"));
        let mut openapi = OpenApiBuilder::new().paths(paths).build();

        add(&mut openapi);

        let document = serde_json::to_value(&openapi).expect("JSON");
        let links = &document["paths"]["/api/v1/carts"]["post"]["responses"]["201"]["links"];
        assert_eq!(links["get_cart"]["parameters"], json!({"id": "$response.body#/id"}));
        assert_eq!(links.as_object().map(serde_json::Map::len), Some(1), "{links}");
    }
}
