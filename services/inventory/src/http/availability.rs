//! What the public may know of stock.

use axum::{extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use techtrove_core::{FieldError, Problem, Sku};
use techtrove_http::{HttpError, ProblemBody, Query};
use techtrove_inventory_api::Availability;
use utoipa::{IntoParams, ToSchema};

use crate::app::{self, App};

/// The most SKUs of one question.
const MAX_SKUS: usize = 100;

/// Which SKUs.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AvailabilityQuery {
    /// 1 to 100 SKUs, each a parameter of its own.
    #[serde(default)]
    #[param(value_type = Vec<Sku>, required = true, min_items = 1, max_items = 100)]
    sku: Vec<String>,
}

/// What the public may know of one SKU.
#[derive(Serialize, ToSchema)]
pub(crate) struct AvailabilityBody {
    sku: Sku,
    /// Whether a piece can be had.
    in_stock: bool,
    /// How plenty they are.
    availability: Availability,
}

impl AvailabilityQuery {
    /// The SKUs in the order asked for, when there are neither none nor too many.
    fn checked(&self) -> Result<Vec<Sku>, Problem> {
        if self.sku.is_empty() || self.sku.len() > MAX_SKUS {
            return Err(Problem::invalid_field("/sku", format!("ask for 1 to {MAX_SKUS} SKUs")));
        }
        let (mut skus, mut errors) = (Vec::with_capacity(self.sku.len()), Vec::new());
        for (index, text) in self.sku.iter().enumerate() {
            match text.parse::<Sku>() {
                Ok(sku) => skus.push(sku),
                Err(invalid) => {
                    errors.push(FieldError::new(format!("/sku/{index}"), invalid.to_string()))
                }
            }
        }
        if errors.is_empty() { Ok(skus) } else { Err(Problem::invalid(errors)) }
    }
}

/// Whether SKUs can be had, in the order asked for. A SKU that is unknown, or whose product is a draft or
/// archived, cannot be had.
#[utoipa::path(
    get, path = "/api/v1/inventory/availability", operation_id = "list_availability", tag = "inventory",
    params(AvailabilityQuery),
    responses(
        (status = 200, body = Vec<AvailabilityBody>),
        (status = 400, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list_availability(
    State(app): State<App>,
    Query(query): Query<AvailabilityQuery>,
) -> Result<impl IntoResponse, HttpError> {
    let found = app::list_availability(&app, query.checked()?).await.map_err(Problem::from)?;
    let bodies: Vec<AvailabilityBody> = found
        .into_iter()
        .map(|(sku, availability)| {
            let in_stock = availability != Availability::OutOfStock;
            AvailabilityBody { sku, in_stock, availability }
        })
        .collect();
    Ok(axum::Json(bodies))
}
