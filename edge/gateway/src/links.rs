//! Where an answer leads: the OpenAPI links from what was made to the calls that take its ids, so that
//! a client, or a fuzzer, follows them without reading prose. They are made of the routes that run: a
//! link sends what its operation gives as an example, and the entity tag of the thing it came from.

use serde_json::{Map, Value, json};
use utoipa::openapi::{
    OpenApi, PathItem, Ref, RefOr, Response, Schema,
    example::Example,
    extensions::{Extensions, ExtensionsBuilder},
    link::{Link, LinkBuilder},
    path::Operation,
};

/// An answer: the operation, the status, below which path its links lead, and the parameters that it
/// fills, each by the place of its value; a member of the body is named by its pointer.
type Lead = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const ID: (&str, &str) = ("id", "$response.body#/id");
const SAME_ID: (&str, &str) = ("id", "$request.path.id");
const SKU: (&str, &str) = ("sku", "$response.body#/sku");
const NEW_SKU: (&str, &str) = ("sku", "$response.body#/variants/0/sku");
const PAYMENT_ID: (&str, &str) = ("id", "$response.body#/payment/id");
const REFRESH_TOKEN: (&str, &str) = ("/refresh_token", "$response.body#/refresh_token");

const LEADS: [Lead; 38] = [
    ("register", "201", "/api/v1/auth/refresh", &[REFRESH_TOKEN]),
    ("log_in", "200", "/api/v1/auth/refresh", &[REFRESH_TOKEN]),
    ("create_product", "201", "/api/v1/products/{id}", &[ID]),
    ("list_products", "200", "/api/v1/products/{id}", &[("id", "$response.body#/items/0/id")]),
    ("create_product", "201", "/api/v1/inventory/{sku}", &[NEW_SKU]),
    (
        "create_product",
        "201",
        "/api/v1/users/me/favorites/{product_id}",
        &[("product_id", "$response.body#/id")],
    ),
    ("write_review", "201", "/api/v1/reviews/{id}", &[ID]),
    ("list_reviews", "200", "/api/v1/reviews/{id}", &[("id", "$response.body#/items/0/id")]),
    ("create_category", "201", "/api/v1/categories/{id}", &[ID]),
    ("create_collection", "201", "/api/v1/collections/{id}", &[ID]),
    ("keep_address", "201", "/api/v1/users/me/addresses/{id}", &[ID]),
    (
        "list_sessions",
        "200",
        "/api/v1/users/me/sessions/{id}",
        &[("id", "$response.body#/items/0/id")],
    ),
    ("import_products", "202", "/api/v1/jobs/{id}", &[("id", "$response.body#/job_id")]),
    ("get_stock", "200", "/api/v1/inventory/{sku}", &[SKU]),
    ("set_stock", "200", "/api/v1/inventory/{sku}", &[SKU]),
    ("set_stock", "200", "/api/v1/orders", &[]),
    ("adjust_stock", "201", "/api/v1/orders", &[]),
    ("list_shipping_methods", "200", "/api/v1/orders", &[]),
    ("create_cart", "201", "/api/v1/carts/{id}", &[ID]),
    ("get_current_cart", "200", "/api/v1/carts/{id}", &[ID]),
    (
        "add_cart_item",
        "201",
        "/api/v1/carts/{id}",
        &[ID, ("item_id", "$response.body#/items/0/id")],
    ),
    ("claim_cart", "200", "/api/v1/carts/{id}", &[ID, ("item_id", "$response.body#/items/0/id")]),
    ("reorder", "201", "/api/v1/carts/{id}", &[ID]),
    ("place_order", "201", "/api/v1/orders/{id}", &[ID]),
    ("checkout_cart", "201", "/api/v1/orders/{id}", &[ID]),
    ("get_order", "200", "/api/v1/orders/{id}", &[ID]),
    ("process_order", "200", "/api/v1/orders/{id}", &[ID]),
    ("ship_order", "201", "/api/v1/orders/{id}", &[SAME_ID]),
    ("refund_order", "201", "/api/v1/orders/{id}", &[SAME_ID]),
    ("deliver_order", "200", "/api/v1/orders/{id}", &[ID]),
    ("ask_return", "201", "/api/v1/returns/{id}", &[ID]),
    ("approve_return", "200", "/api/v1/returns/{id}", &[ID]),
    ("reject_return", "200", "/api/v1/orders/{id}", &[("id", "$response.body#/order_id")]),
    ("place_order", "201", "/api/v1/payments/{id}", &[PAYMENT_ID]),
    ("checkout_cart", "201", "/api/v1/payments/{id}", &[PAYMENT_ID]),
    ("cancel_order", "200", "/api/v1/payments/{id}", &[PAYMENT_ID]),
    ("get_payment", "200", "/api/v1/payments/{id}", &[ID]),
    (
        "list_notifications",
        "200",
        "/api/v1/notifications/{id}",
        &[("id", "$response.body#/items/0/id")],
    ),
];

/// A link, and the name that it has in its answer.
type Named = (String, Link);

/// Adds the links of all answers to the document.
pub(crate) fn add(openapi: &mut OpenApi) {
    for lead in &LEADS {
        let links = links(openapi, lead);
        let sources = openapi.paths.paths.values_mut().flat_map(operations_mut);
        for operation in sources.filter(|found| found.operation_id.as_deref() == Some(lead.0)) {
            if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(lead.1) {
                let links = links.iter().map(|(name, link)| (name.clone(), RefOr::T(link.clone())));
                response.links.extend(links);
            }
        }
    }
}

fn links(openapi: &OpenApi, lead: &Lead) -> Vec<Named> {
    let (source, status, below, fills) = *lead;
    let leads = |path: &str| {
        path.strip_prefix(below).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let paths =
        openapi.paths.paths.iter().filter(|(path, _)| leads(path) && is_filled(path, fills));
    let targets = paths.flat_map(|(path, item)| operations(item).map(move |found| (path, found)));
    let tagged = carries_tag(openapi, source, status);
    targets
        .filter(|(_, target)| target.operation_id.as_deref() != Some(source) || fills.contains(&ID))
        .flat_map(|(path, target)| {
            // The tag is that of the thing itself, not of what is below it or made beside it.
            let itself = path == below && fills.iter().all(|fill| [ID, SKU].contains(fill));
            variants(openapi, path, target, fills, tagged && itself)
        })
        .collect()
}

/// Whether every parameter of `path` is filled.
fn is_filled(path: &str, fills: &[(&str, &str)]) -> bool {
    parameters(path).all(|name| fills.iter().any(|(filled, _)| *filled == name))
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// Whether the answer comes with an entity tag.
fn carries_tag(openapi: &OpenApi, operation: &str, status: &str) -> bool {
    let all = openapi.paths.paths.values().flat_map(operations);
    let mut found = all.filter(|found| found.operation_id.as_deref() == Some(operation));
    let response = found.next().and_then(|found| found.responses.responses.get(status));
    matches!(response, Some(RefOr::T(Response { headers, .. })) if headers.contains_key("ETag"))
}

/// The link to `target`, once for each example of what may be sent there.
fn variants(
    openapi: &OpenApi,
    path: &str,
    target: &Operation,
    fills: &[(&str, &str)],
    tagged: bool,
) -> Vec<Named> {
    let Some(id) = &target.operation_id else { return Vec::new() };
    let taken = fills.iter().filter(|(name, _)| parameters(path).any(|taken| taken == *name));
    let mut filled: Vec<_> = taken.copied().collect();
    if tagged && takes_tag(target) {
        filled.push(("If-Match", "$response.header.ETag"));
    }
    let link = |body: Option<Value>| {
        let whole = body.as_ref().map(|_| whole_body());
        let link = LinkBuilder::new().operation_id(id.clone()).extensions(whole);
        let link = link.request_body(body);
        filled.iter().fold(link, |link, (name, value)| link.parameter(*name, *value)).build()
    };
    let examples = match body_of(fills) {
        Some(body) => vec![(String::new(), body)],
        None => examples(openapi, target),
    };
    if examples.is_empty() {
        return vec![(id.clone(), link(None))];
    }
    let named = examples.into_iter().map(|(name, body)| {
        let name = if name.is_empty() { id.clone() } else { format!("{id}.{name}") };
        (name, link(Some(body)))
    });
    named.collect()
}

/// The body of what an answer fills in, where it does.
fn body_of(fills: &[(&str, &str)]) -> Option<Value> {
    let member =
        |(name, value): &(&str, &str)| Some((name.strip_prefix('/')?.to_owned(), json!(value)));
    let members: Map<String, Value> = fills.iter().filter_map(member).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// Tells schemathesis that a link's body is sent as it is, which OpenAPI means anyhow; it would mix in
/// what it makes up.
fn whole_body() -> Extensions {
    ExtensionsBuilder::new().add("x-schemathesis", json!({"merge_body": false})).build()
}

/// Whether an operation wants to know which version it edits.
fn takes_tag(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|found| matches!(found, RefOr::T(parameter) if parameter.name == "If-Match"))
}

/// What may be sent to an operation: the examples of its body by their names, or that of its schema.
fn examples(openapi: &OpenApi, operation: &Operation) -> Vec<(String, Value)> {
    let Some(RefOr::T(body)) = &operation.request_body else { return Vec::new() };
    let Some(RefOr::T(content)) = body.content.get("application/json") else { return Vec::new() };
    let named: Vec<_> = content.examples.iter().filter_map(named_example).collect();
    if !named.is_empty() {
        return named;
    }
    let schemas = openapi.components.as_ref().map(|components| &components.schemas);
    let schema = match &content.schema {
        Some(RefOr::Ref(Ref { ref_location, .. })) => {
            let name = ref_location.rsplit('/').next().unwrap_or_default();
            schemas.and_then(|schemas| schemas.get(name))
        }
        schema => schema.as_ref(),
    };
    let Some(RefOr::T(Schema::Object(schema))) = schema else { return Vec::new() };
    schema.example.iter().map(|example| (String::new(), example.clone())).collect()
}

fn named_example((name, example): (&String, &RefOr<Example>)) -> Option<(String, Value)> {
    let RefOr::T(Example { value: Some(value), .. }) = example else { return None };
    Some((name.clone(), value.clone()))
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
    use utoipa::openapi::{
        ContentBuilder, HeaderBuilder, HttpMethod, OpenApiBuilder, PathsBuilder, ResponseBuilder,
        path::{OperationBuilder, ParameterBuilder},
        request_body::RequestBodyBuilder,
    };

    use super::*;

    fn operation(id: &str) -> OperationBuilder {
        let answer = ResponseBuilder::new().description("It is made");
        let tagged = answer.header("ETag", HeaderBuilder::new().build());
        OperationBuilder::new().operation_id(Some(id)).response("201", tagged)
    }

    fn item(method: HttpMethod, id: &str) -> PathItem {
        PathItem::new(method, operation(id))
    }

    fn links_of(paths: PathsBuilder, path: &str) -> Value {
        let mut openapi = OpenApiBuilder::new().paths(paths).build();
        add(&mut openapi);
        let document = serde_json::to_value(&openapi).expect("JSON");
        document["paths"][path]["post"]["responses"]["201"]["links"].clone()
    }

    #[test]
    fn a_new_cart_leads_to_the_calls_that_take_its_id_alone() {
        let paths = PathsBuilder::new()
            .path("/api/v1/carts", item(HttpMethod::Post, "create_cart"))
            .path("/api/v1/carts/{id}", item(HttpMethod::Get, "get_cart"))
            .path("/api/v1/carts/{id}/items/{item_id}", item(HttpMethod::Patch, "edit_cart_item"))
            .path("/api/v1/cartsmiths/{id}", item(HttpMethod::Get, "get_cartsmith"));

        let links = links_of(paths, "/api/v1/carts");

        assert_eq!(links["get_cart"]["parameters"], json!({"id": "$response.body#/id"}));
        assert_eq!(links.as_object().map(serde_json::Map::len), Some(1), "{links}");
    }

    #[test]
    fn an_edit_is_led_to_with_the_tag_of_its_thing_and_one_beside_it_without() {
        let edit = |id| {
            let header = ParameterBuilder::new().name("If-Match");
            PathItem::new(HttpMethod::Patch, operation(id).parameter(header))
        };
        let paths = PathsBuilder::new()
            .path("/api/v1/products", item(HttpMethod::Post, "create_product"))
            .path("/api/v1/products/{id}", edit("edit_product"))
            .path("/api/v1/inventory/{sku}", edit("set_stock"));

        let links = links_of(paths, "/api/v1/products");

        let tag = &links["edit_product"]["parameters"]["If-Match"];
        assert_eq!(tag, "$response.header.ETag");
        let stock = &links["set_stock"]["parameters"];
        assert_eq!(stock, &json!({"sku": "$response.body#/variants/0/sku"}));
    }

    #[test]
    fn a_token_leads_to_the_call_that_takes_it_in_its_body() {
        let paths = PathsBuilder::new()
            .path("/api/v1/auth/register", item(HttpMethod::Post, "register"))
            .path("/api/v1/auth/refresh", item(HttpMethod::Post, "refresh"));

        let links = links_of(paths, "/api/v1/auth/register");

        let body = &links["refresh"]["requestBody"];
        assert_eq!(body, &json!({"refresh_token": "$response.body#/refresh_token"}));
    }

    #[test]
    fn each_example_of_a_body_is_a_link_that_sends_it() {
        let example = |token| Example::builder().value(Some(json!({"token": token}))).build();
        let content = ContentBuilder::new()
            .examples_from_iter([("paid", example("ok")), ("declined", example("no"))]);
        let body = RequestBodyBuilder::new().content("application/json", content.build());
        let checkout = operation("checkout_cart").request_body(Some(body.build()));
        let paths = PathsBuilder::new()
            .path("/api/v1/carts", item(HttpMethod::Post, "create_cart"))
            .path("/api/v1/carts/{id}/checkout", PathItem::new(HttpMethod::Post, checkout));

        let links = links_of(paths, "/api/v1/carts");

        assert_eq!(links["checkout_cart.paid"]["requestBody"], json!({"token": "ok"}));
        assert_eq!(links["checkout_cart.declined"]["requestBody"], json!({"token": "no"}));
    }
}
