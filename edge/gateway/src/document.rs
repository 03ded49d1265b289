//! How the OpenAPI document is made of the routes that run: what the services say of theirs, and what holds
//! for all of them. It is made by a test and not by the program, which carries what was made.

use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    ResponseBuilder, Schema, Type,
    path::Operation,
    schema::{AllOfBuilder, ArrayItems, SchemaType},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

use crate::links;

/// What no operation can say of itself.
const ABOUT: &str = "The public API of an online technology shop.\n\n\
    Whatever an operation refuses is `application/problem+json` with a stable `code`, as is an HTTP/1.1 request \
    that does not name exactly one `Host` (400). What the server cannot \
    read as HTTP reaches no operation: it is answered with a bare 400 (a broken request line or header), \
    or 431 (more than 100 headers, or a head of more than 64 KiB), without a body, and the connection ends.";

/// The document's head: everything but paths and their schemas.
fn head() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token from register, login or refresh."))
        .build();
    let guest = ApiKey::Header(ApiKeyValue::with_description(
        "X-Guest-Token",
        "The token that a guest got with the order.",
    ));
    let cart = ApiKey::Header(ApiKeyValue::with_description(
        "X-Cart-Token",
        "The token that a guest got with the cart.",
    ));
    let ticket = ApiKey::Query(ApiKeyValue::with_description(
        "ticket",
        "A ticket for one stream, for browsers, which cannot send a token there.",
    ));
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("guest", SecurityScheme::ApiKey(guest))
        .security_scheme("cart", SecurityScheme::ApiKey(cart))
        .security_scheme("ticket", SecurityScheme::ApiKey(ticket))
        .build();
    let info = InfoBuilder::new()
        .title("TechTrove")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// What the gateway itself may answer to any request, beside what the services say.
const OWN_REFUSALS: [(&str, &str); 6] = [
    ("422", "A parameter that the operation does not have"),
    ("429", "Too many requests"),
    ("431", "Request headers too large"),
    ("500", "Internal error"),
    ("503", "Temporarily unavailable"),
    ("504", "Timed out"),
];

/// What it may answer to a request with a body.
const OWN_REFUSALS_OF_BODY: [(&str, &str); 2] =
    [("408", "The body did not arrive in time"), ("415", "A body of another kind, or encoded")];

/// The document with what holds for every operation: the gateway's own refusals, that a refusal is
/// `application/problem+json`, that no body is `null`, and where answers lead.
fn complete(mut openapi: OpenApi) -> OpenApi {
    let problem = Ref::from_schema_name("ProblemBody");
    for item in openapi.paths.paths.values_mut() {
        for operation in links::operations_mut(item) {
            refuse_null(operation);
            let of_body = operation.request_body.iter().flat_map(|_| OWN_REFUSALS_OF_BODY);
            let responses = &mut operation.responses.responses;
            for (status, title) in OWN_REFUSALS.into_iter().chain(of_body) {
                let refusal = ResponseBuilder::new()
                    .description(title)
                    .content("application/problem+json", Content::new(Some(problem.clone())))
                    .build();
                responses.entry(status.to_owned()).or_insert(RefOr::T(refusal));
            }
            for (_, response) in
                responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5']))
            {
                if let RefOr::T(response) = response
                    && let Some(content) = response.content.shift_remove("application/json")
                {
                    response.content.insert("application/problem+json".to_owned(), content);
                }
            }
        }
    }
    name_items(&mut openapi);
    tell_lists_from_pages(&mut openapi);
    links::add(&mut openapi);
    openapi
}

/// A page's items are what they are elsewhere: a page of orders refers to the order's schema instead of
/// repeating it.
fn name_items(openapi: &mut OpenApi) {
    let Some(components) = openapi.components.as_mut() else { return };
    let known = components.schemas.clone();
    for (name, page) in &mut components.schemas {
        if let Some(item) = name.strip_prefix("Page_").filter(|item| known.contains_key(*item))
            && let RefOr::T(Schema::Object(page)) = page
            && let Some(RefOr::T(Schema::Array(list))) = page.properties.get_mut("items")
        {
            list.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
        }
    }
}

/// A thing with `items` and an `id`, a cart, is no page of a list. Tools that infer from a document what
/// an answer holds take it for one, unless the list is a part that the schema is composed of.
fn tell_lists_from_pages(openapi: &mut OpenApi) {
    let schemas = openapi.components.iter_mut().flat_map(|parts| parts.schemas.values_mut());
    for schema in schemas {
        if let RefOr::T(Schema::Object(thing)) = schema
            && thing.properties.contains_key("id")
            && let Some(items) = thing.properties.get_mut("items")
        {
            *items = AllOfBuilder::new().item(items.clone()).into();
        }
    }
}

/// What may be absent is not `null` when it is there: a body, a header, a query parameter.
fn refuse_null(operation: &mut Operation) {
    let bodies = operation.request_body.iter_mut().filter_map(|body| match body {
        RefOr::T(body) => Some(body.content.values_mut()),
        RefOr::Ref(_) => None,
    });
    let contents = bodies.flatten().filter_map(|content| match content {
        RefOr::T(content) => Some(&mut content.schema),
        RefOr::Ref(_) => None,
    });
    let parameters = operation.parameters.iter_mut().flatten().filter_map(|given| match given {
        RefOr::T(parameter) => Some(&mut parameter.schema),
        RefOr::Ref(_) => None,
    });
    for schema in contents.chain(parameters) {
        match schema {
            Some(RefOr::T(Schema::OneOf(either))) => {
                let mut values = either.items.iter().filter(|item| !is_null(item));
                if let (Some(value), None) = (values.next(), values.next()) {
                    *schema = Some(value.clone());
                }
            }
            Some(RefOr::T(Schema::Object(object))) => {
                if let SchemaType::Array(types) = &mut object.schema_type {
                    types.retain(|kind| *kind != Type::Null);
                }
            }
            _ => {}
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    let RefOr::T(Schema::Object(object)) = schema else { return false };
    object.schema_type == SchemaType::Type(Type::Null)
}

/// The document as these services' routes describe it, which is what `openapi.json` holds. They describe
/// themselves with the feature `document` of `techtrove-http` alone.
#[must_use]
pub fn describe(services: Vec<OpenApiRouter>) -> OpenApi {
    let api = OpenApiRouter::<()>::with_openapi(head());
    complete(services.into_iter().fold(api, OpenApiRouter::merge).into_openapi())
}
