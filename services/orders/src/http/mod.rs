//! Orders' routes: parse, authorise, call the use case, answer.

mod cancel;
mod carts;
mod checkout;
mod currency;
mod edits;
mod internal;
mod list;
mod orders;
mod refunds;
mod returns;
mod shipments;
mod shipping;
mod texts;
mod tracking;

use std::sync::Arc;

use axum::{Router, routing::get};
use techtrove_http::{CardFree, routes};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// What people write into the requests, where no card number may stand.
const WRITTEN: CardFree = CardFree::Members(&[
    "payment",
    "email",
    "shipping_address",
    "billing_address",
    "note",
    "reason",
    "carrier",
]);

/// What the gateway shows to the world.
pub(crate) fn public(app: Arc<App>) -> OpenApiRouter {
    orders().merge(carts()).layer(WRITTEN.layer()).with_state(app)
}

fn orders() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(orders::place))
        .routes(routes!(list::list))
        .routes(routes!(orders::show))
        .routes(routes!(edits::edit))
        .routes(routes!(edits::process))
        .routes(routes!(edits::deliver))
        .routes(routes!(cancel::cancel))
        .routes(routes!(refunds::refund))
        .routes(routes!(shipments::ship))
        .routes(routes!(returns::ask))
        .routes(routes!(returns::approve))
        .routes(routes!(returns::reject))
        .routes(routes!(returns::receive))
        .routes(routes!(carts::reorder))
        .routes(routes!(tracking::events))
        .routes(routes!(tracking::ticket))
}

fn carts() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(carts::create))
        .routes(routes!(carts::current))
        .routes(routes!(carts::show))
        .routes(routes!(carts::add_item))
        .routes(routes!(carts::set_quantity, carts::remove_item))
        .routes(routes!(carts::claim))
        .routes(routes!(carts::quote))
        .routes(routes!(carts::checkout))
        .routes(routes!(shipping::list))
}

/// What notifications and the audit call.
pub(crate) fn internal(app: Arc<App>) -> Router {
    Router::new()
        .route("/internal/orders/orders/{id}/mail", get(internal::mail))
        .route("/internal/orders/audit/orders", get(internal::audit))
        .route("/internal/orders/audit/parcels", get(internal::audit_parcels))
        .route("/internal/orders/audit/purchases", get(internal::audit_purchases))
        .with_state(app)
}
