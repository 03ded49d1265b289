//! The addresses of whoever is signed in.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use techtrove_core::{Field, Page, PageRequest, Problem, TypedId as _};
use techtrove_http::{
    HttpError, IfMatch, Json, Patch, Path, ProblemBody, Query, created_json,
    idempotency::{IdempotencyKey, Idempotent, Scope},
    private, versioned_json, written_json,
};
use techtrove_identity_api::{Address, AddressId, Country, SignedIn};
use utoipa::ToSchema;

use crate::{
    app::{self, AddressBody, App},
    domain::AddressEdit,
};

/// Where the addresses are.
const PLACE: &str = "/api/v1/users/me/addresses";

/// Changes the fields that are there, as a JSON Merge Patch (RFC 7396).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"line2": "Second floor", "phone": null}))]
pub(crate) struct AddressPatch {
    /// The recipient.
    #[serde(default)]
    #[schema(
        value_type = String, min_length = 1, max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: Field<String>,
    /// Their firm; `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    company: Field<String>,
    /// Street and number.
    #[serde(default)]
    #[schema(
        value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    line1: Field<String>,
    /// Floor, building and the like; `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    line2: Field<String>,
    /// City or town.
    #[serde(default)]
    #[schema(
        value_type = String, min_length = 1, max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    city: Field<String>,
    /// State, province or region; `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    region: Field<String>,
    /// Postal code.
    #[serde(default)]
    #[schema(
        value_type = String, min_length = 1, max_length = 20,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    postal_code: Field<String>,
    /// Country (ISO 3166-1 alpha-2).
    #[serde(default)]
    #[schema(value_type = Country)]
    country: Field<Country>,
    /// For the carrier; `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 30, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    phone: Field<String>,
}

impl From<AddressPatch> for AddressEdit {
    fn from(patch: AddressPatch) -> Self {
        let AddressPatch { name, company, line1, line2, city, region, postal_code, country, phone } =
            patch;
        Self { name, company, line1, line2, city, region, postal_code, country, phone }
    }
}

/// The caller's addresses, newest first.
#[utoipa::path(
    get, path = "/api/v1/users/me/addresses", operation_id = "list_addresses", tag = "users",
    params(PageRequest), security(("bearer" = [])),
    responses(
        (status = 200, body = Page<AddressBody>),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<Json<Page<AddressBody>>, HttpError> {
    let found = app::list_addresses(&app, user.sub, &page).await?;
    Ok(Json(found.map(AddressBody::from)))
}

/// Keeps an address, one of at most 50.
#[utoipa::path(
    post, path = "/api/v1/users/me/addresses", operation_id = "keep_address", tag = "users",
    params(("Idempotency-Key" = inline(Option<IdempotencyKey>), Header)),
    request_body(content = Address, example = json!({
        "name": "Ada Lovelace", "line1": "1 Main Street", "city": "Springfield", "region": "IL",
        "postal_code": "62701", "country": "US",
    })),
    security(("bearer" = [])),
    responses(
        (status = 201, body = AddressBody, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version and hash"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`too_many_addresses`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn create(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    request: Idempotent<Address>,
) -> Result<Response, HttpError> {
    let key = request.key(Scope::User(user.sub.uuid()), app.clock.now());
    let errors = request.body.check("");
    if !errors.is_empty() {
        return Err(Problem::invalid(errors).into());
    }
    let kept = app::keep_address(&app, user.sub, request.body, key).await?;
    kept.respond(|kept| {
        let (location, version) = (format!("{PLACE}/{}", kept.id), kept.version);
        Ok(created_json(&location, version, &AddressBody::from(kept)))
    })
}

/// One of the caller's addresses.
#[utoipa::path(
    get, path = "/api/v1/users/me/addresses/{id}", operation_id = "get_address", tag = "users",
    params(("id" = AddressId, Path, description = "Which address")), security(("bearer" = [])),
    responses(
        (status = 200, body = AddressBody, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 304), (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(id): Path<AddressId>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let kept = app::get_address(&app, user.sub, id).await?;
    Ok(private(versioned_json(&headers, kept.version, &AddressBody::from(kept))))
}

/// Changes one of the caller's addresses.
#[utoipa::path(
    patch, path = "/api/v1/users/me/addresses/{id}", operation_id = "edit_address", tag = "users",
    params(
        ("id" = AddressId, Path, description = "Which address"),
        ("If-Match" = inline(Option<IfMatch>), Header, description = "The entity tag that was read"),
    ),
    request_body(content(
        (AddressPatch = "application/json"), (AddressPatch = "application/merge-patch+json"),
    )),
    security(("bearer" = [])),
    responses(
        (status = 200, body = AddressBody, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 412, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn edit(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(id): Path<AddressId>,
    if_match: Option<IfMatch>,
    Json(Patch(patch)): Json<Patch<AddressPatch>>,
) -> Result<Response, HttpError> {
    let kept = app::edit_address(&app, (user.sub, id), if_match, patch.into()).await?;
    Ok(private(written_json(kept.version, &AddressBody::from(kept))))
}

/// Forgets one of the caller's addresses. What was ordered to it stays as it is.
#[utoipa::path(
    delete, path = "/api/v1/users/me/addresses/{id}", operation_id = "forget_address", tag = "users",
    params(
        ("id" = AddressId, Path, description = "Which address"),
        ("If-Match" = inline(Option<IfMatch>), Header, description = "The entity tag that was read"),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is forgotten"), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 412, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn forget(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(id): Path<AddressId>,
    if_match: Option<IfMatch>,
) -> Result<StatusCode, HttpError> {
    app::forget_address(&app, (user.sub, id), if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}
