//! Users' own accounts: what they say of themselves.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use techtrove_core::{EmailAddress, Field, Problem};
use techtrove_http::{
    HttpError, IfMatch, Json, Patch, ProblemBody, private, versioned_json, written_json,
};
use techtrove_identity_api::SignedIn;
use utoipa::ToSchema;

use super::users::UserBody;
use crate::{
    app::{self, App},
    domain::{Preferences, ProfileEdit},
};

/// Changes the fields that are there, as a JSON Merge Patch (RFC 7396).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"display_name": "Ada L.", "locale": "en-GB", "preferences": {"theme": "dark"}}))]
pub(crate) struct ProfilePatch {
    /// The address that they want to have: it is theirs once the token is presented that is mailed there.
    #[serde(default)]
    #[schema(value_type = EmailAddress)]
    email: Field<EmailAddress>,
    /// How to call them.
    #[serde(default)]
    #[schema(
        value_type = String, min_length = 1, max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: Field<String>,
    /// How to call them in public; `null` for nothing else than their name.
    #[serde(default)]
    #[schema(
        value_type = Option<String>, min_length = 1, max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    display_name: Field<String>,
    /// How to ring them up; `null` for not at all.
    #[serde(default)]
    #[schema(
        value_type = Option<String>, min_length = 1, max_length = 30,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    phone: Field<String>,
    /// Their language and region (BCP 47); `null` for none.
    #[serde(default)]
    #[schema(
        value_type = Option<String>, max_length = 35,
        pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
    )]
    locale: Field<String>,
    /// The preferences that change: texts, numbers and booleans by name, at most 50; `null` removes one.
    #[serde(default)]
    #[schema(value_type = Option<PreferencesBody>)]
    preferences: Field<Preferences>,
}

/// Preferences: texts, numbers and booleans by name.
pub(crate) struct PreferencesBody;

impl ToSchema for PreferencesBody {}

impl utoipa::PartialSchema for PreferencesBody {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Type};
        let plain = |kind| ObjectBuilder::new().schema_type(kind).build();
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(200));
        let value = OneOfBuilder::new()
            .item(text)
            .item(plain(Type::Number))
            .item(plain(Type::Boolean))
            .item(plain(Type::Null));
        let name =
            ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_.-]{1,64}$"));
        ObjectBuilder::new()
            .max_properties(Some(50))
            .property_names(Some(name))
            .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
            .into()
    }
}

impl From<ProfilePatch> for ProfileEdit {
    fn from(patch: ProfilePatch) -> Self {
        let ProfilePatch { name, display_name, phone, locale, preferences, email: _ } = patch;
        Self { name, display_name, phone, locale, preferences }
    }
}

/// The caller's own account.
#[utoipa::path(
    get, path = "/api/v1/users/me", operation_id = "get_me", tag = "users",
    security(("bearer" = [])),
    responses(
        (status = 200, body = UserBody, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 304), (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let user = app::get_user(&app, user.sub).await?;
    Ok(private(versioned_json(&headers, user.version, &UserBody::from(user))))
}

/// Changes what the caller says of themselves. Another `email` is `pending_email` until it is verified.
#[utoipa::path(
    patch, path = "/api/v1/users/me", operation_id = "edit_me", tag = "users",
    params(("If-Match" = inline(IfMatch), Header, description = "The entity tag that was read")),
    request_body(content(
        (ProfilePatch = "application/json"), (ProfilePatch = "application/merge-patch+json"),
    )),
    security(("bearer" = [])),
    responses(
        (status = 200, body = UserBody, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`email_taken`"),
        (status = 412, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 428, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn edit(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    if_match: IfMatch,
    Json(Patch(patch)): Json<Patch<ProfilePatch>>,
) -> Result<Response, HttpError> {
    let email = patch.email.clone().required();
    let email = email.map_err(|why| Problem::invalid_field("/email", why))?;
    let user = app::edit_profile(&app, user.sub, if_match, patch.into(), email).await?;
    Ok(private(written_json(user.version, &UserBody::from(user))))
}
