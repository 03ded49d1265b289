//! The OpenAPI document and the readable reference. The document is the one that the routes were found to
//! describe (`cargo xtask openapi` writes it, a test compares it); the reference is Swagger UI out of the
//! binary, so that it works without internet access.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    body::Bytes,
    extract::Request,
    middleware,
    middleware::Next,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use techtrove_core::{Problem, codes};
use techtrove_http::HttpError;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Where the document is.
const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

/// The document of any shop.
pub(crate) static DOCUMENT: &str = include_str!("../openapi.json");

/// What the reference's page may load: its own files, and the styles that it sets itself.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                           frame-ancestors 'none'";

/// The document of the public API, for a shop with these settings. One shop has one currency, and takes
/// new payments by one provider: another is refused wherever it is sent.
#[must_use]
pub fn document(shop: &crate::Config) -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).expect("a test reads it");
    for (schema, only) in [
        ("/components/schemas/Currency", shop.currency.code()),
        ("/components/schemas/PaymentRequest/properties/provider", shop.payment_provider),
    ] {
        if let Some(Value::Object(schema)) = document.pointer_mut(schema) {
            schema.insert("enum".to_owned(), json!([only]));
            schema.insert("examples".to_owned(), json!([only]));
        }
    }
    document
}

/// The document and the reference. The document is written when somebody first asks, and only its bytes are
/// kept: as a tree it takes megabytes.
pub(crate) fn router(shop: &crate::Config) -> Router {
    let (shop, written) = (shop.clone(), Arc::new(OnceLock::<Bytes>::new()));
    let answer = move || {
        let document = written.get_or_init(|| document(&shop).to_string().into()).clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], document) }
    };
    let config = Config::from(DOCUMENT_PATH).validator_url("none").deep_linking(true);
    let reference = SwaggerUi::new("/docs").config(config);
    let router = Router::new().route(DOCUMENT_PATH, get(answer)).merge(reference);
    router.layer(middleware::from_fn(page_policy))
}

async fn page_policy(request: Request, next: Next) -> Response {
    let page = request.uri().path().starts_with("/docs");
    let mut response = next.run(request).await;
    if page && response.status() == StatusCode::NOT_FOUND {
        response =
            HttpError(Problem::new(codes::NOT_FOUND, "there is no such file")).into_response();
    }
    if page {
        let policy = HeaderValue::from_static(PAGE_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
