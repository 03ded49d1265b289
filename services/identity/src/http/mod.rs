//! Identity's routes: parse, call the use case, answer.

mod accounts;
mod addresses;
mod admins;
mod auth;
mod contacts;
mod credentials;
mod device;
mod grants;
mod keys;
mod mailed_secrets;
mod me;
mod sessions;
mod users;

use axum::{
    Router,
    routing::{get, post, put},
};
use techtrove_http::{CardFree, routes};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// What the gateway shows to the world.
pub(crate) fn public(app: App) -> OpenApiRouter {
    sign_in().merge(own_account()).merge(users()).with_state(app)
}

/// What people say of themselves, where no card number may stand.
const SAID: CardFree =
    CardFree::Members(&["name", "display_name", "email", "phone", "locale", "preferences"]);

/// Coming in and going out, and what access tokens are checked with.
fn sign_in() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::register))
        .layer(SAID.layer())
        .routes(routes!(auth::log_in))
        .routes(routes!(auth::refresh))
        .routes(routes!(sessions::log_out))
        .routes(routes!(credentials::change_password))
        .routes(routes!(credentials::verify_email))
        .routes(routes!(credentials::forgot_password))
        .routes(routes!(credentials::reset_password))
        .routes(routes!(keys::jwks))
        .routes(routes!(keys::jwks_under_base_path))
}

/// What is the caller's own.
fn own_account() -> OpenApiRouter<App> {
    let addresses = OpenApiRouter::new()
        .routes(routes!(addresses::list, addresses::create))
        .routes(routes!(addresses::show, addresses::edit, addresses::forget))
        .layer(CardFree::Whole.layer());
    OpenApiRouter::new()
        .routes(routes!(me::show, me::edit))
        .layer(SAID.layer())
        .merge(addresses)
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
}

/// What staff do with users.
fn users() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(users::list))
        .routes(routes!(users::show))
        .routes(routes!(users::set_roles))
        .routes(routes!(grants::set))
        .routes(routes!(users::disable))
        .routes(routes!(users::enable))
}

/// What the shop's owner may do from the command line, and what other services ask.
pub(crate) fn internal(app: App) -> Router {
    Router::new()
        .route("/internal/identity/admins", post(admins::create_admin))
        .route("/internal/identity/accounts", post(accounts::open))
        .route("/internal/identity/users/{id}/access", put(accounts::set_access))
        .route("/internal/identity/users/{id}/contact", get(contacts::contact))
        .route("/internal/identity/sessions/{id}/standing", get(contacts::standing))
        .route("/internal/identity/users/{id}/addresses/{address}", get(contacts::address))
        .route("/internal/identity/users/find", post(contacts::find))
        .route("/internal/identity/mailed-secrets/tell", post(mailed_secrets::tell))
        .route("/internal/identity/mailed-secrets/look-up", post(mailed_secrets::look_up))
        .route("/internal/identity/mailed-secrets/present", post(mailed_secrets::present))
        .with_state(app)
}
