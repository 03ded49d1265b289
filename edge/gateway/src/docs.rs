//! The OpenAPI document and the readable reference, both from the routes that run and nothing else.
//! The reference is Swagger UI out of the binary, so that it works without internet access.

use axum::{
    Router, body::Bytes, extract::Request, middleware, middleware::Next, response::Response,
    routing::get,
};
use http::{HeaderValue, header};
use techtrove_core::Currency;
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    ResponseBuilder, Schema, Type,
    path::Operation,
    schema::{AllOfBuilder, ArrayItems, SchemaType},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::links;

/// Where the document is.
const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

/// What the reference's page may load: its own files, and the styles that it sets itself.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                           frame-ancestors 'none'";

/// The document's head: everything but paths and their schemas.
pub(crate) fn head() -> OpenApi {
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
        .description(Some("The public API of an online technology shop."))
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
const OWN_REFUSAL_OF_BODY: (&str, &str) = ("408", "The body did not arrive in time");

/// The document with what holds for every operation: the gateway's own refusals, that a refusal is
/// `application/problem+json`, that no body is `null`, the shop's currency, and where answers lead.
pub(crate) fn complete(mut openapi: OpenApi, currency: Currency) -> OpenApi {
    name_currency(&mut openapi, currency);
    let problem = Ref::from_schema_name("ProblemBody");
    for item in openapi.paths.paths.values_mut() {
        for operation in links::operations_mut(item) {
            refuse_null(operation);
            let of_body = operation.request_body.as_ref().map(|_| OWN_REFUSAL_OF_BODY);
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

/// One shop has one currency: another is `currency_mismatch` wherever it is sent.
fn name_currency(openapi: &mut OpenApi, currency: Currency) {
    let schemas = openapi.components.as_mut().map(|components| &mut components.schemas);
    if let Some(RefOr::T(Schema::Object(schema))) = schemas.and_then(|all| all.get_mut("Currency"))
    {
        schema.enum_values = Some(vec![currency.code().into()]);
        schema.examples = vec![currency.code().into()];
    }
}

/// The document of these services, for a shop of this currency.
#[must_use]
pub fn document(services: Vec<OpenApiRouter>, currency: Currency) -> OpenApi {
    let api = OpenApiRouter::<()>::with_openapi(head());
    complete(services.into_iter().fold(api, OpenApiRouter::merge).into_openapi(), currency)
}

/// The document and the reference. Only its bytes are kept: as a tree it takes megabytes.
pub(crate) fn router(openapi: &OpenApi) -> Router {
    let document = serde_json::to_vec(openapi).expect("its keys are all texts");
    let document = Bytes::from(document);
    let config = Config::from(DOCUMENT_PATH).validator_url("none").deep_linking(true);
    let reference = SwaggerUi::new("/docs").config(config);
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], document) };
    let router = Router::new().route(DOCUMENT_PATH, get(answer)).merge(reference);
    router.layer(middleware::from_fn(page_policy))
}

async fn page_policy(request: Request, next: Next) -> Response {
    let page = request.uri().path().starts_with("/docs");
    let mut response = next.run(request).await;
    if page {
        let policy = HeaderValue::from_static(PAGE_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
