//! Which ways goods go to a country.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use techtrove_core::{Money, Page};
use techtrove_http::{HttpError, Json, ProblemBody, Query};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    domain::{Country, totals::Pricing},
};

/// Where to.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhereTo {
    /// Country (ISO 3166-1 alpha-2).
    country: Country,
}

/// A way that goods go.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShippingMethod {
    /// What to send as `shipping_method`.
    #[schema(example = "standard")]
    code: String,
    /// Its name for people.
    #[schema(example = "Standard")]
    name: String,
    /// What it costs, once per order; with tax when the shop's prices include it.
    price: Money,
}

/// Lists the shipping methods to a country, the cheapest first, on one page.
#[utoipa::path(
    get, path = "/api/v1/shipping-methods", operation_id = "list_shipping_methods", tag = "carts",
    params(WhereTo),
    responses(
        (status = 200, body = Page<ShippingMethod>), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(WhereTo { country }): Query<WhereTo>,
) -> Result<Json<Page<ShippingMethod>>, HttpError> {
    let Pricing { shipping, home, currency, .. } = &app.config.pricing;
    let offers = shipping.offers(&country, home).into_iter();
    let items = offers.map(|offer| ShippingMethod {
        code: offer.code.to_owned(),
        name: offer.name(),
        price: Money::new(offer.price, *currency),
    });
    Ok(Json(Page { items: items.collect(), next_cursor: None }))
}
