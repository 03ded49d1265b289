//! What is done with an order that was placed: edits, and what a manager says of it.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Deserialize;
use techtrove_catalog_api::Reach;
use techtrove_core::{EmailAddress, Field, FieldError, Problem};
use techtrove_http::{
    HttpError, IfMatch, Json, NoFields, OptionalJson, Patch, Path, ProblemBody, private,
    written_json,
};
use techtrove_identity_api::ManagerOf;
use techtrove_orders_api::OrderId;
use utoipa::ToSchema;

use super::orders::OrderCaller;
use crate::{
    app::{self, App, OrderBody},
    domain::{Address, Edit, Order, checked_note},
};

/// Changes the fields that are there, as a JSON Merge Patch (RFC 7396).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderPatch {
    /// Where goods go.
    #[serde(default)]
    #[schema(value_type = Address)]
    shipping_address: Field<Address>,
    /// Where the bill goes; `null` when it goes where the goods go.
    #[serde(default)]
    #[schema(value_type = Option<Address>)]
    billing_address: Field<Address>,
    /// Where to write to.
    #[serde(default)]
    #[schema(value_type = EmailAddress)]
    email: Field<EmailAddress>,
    /// What there is to say about the order; `null` for nothing.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1_000)]
    note: Field<String>,
}

impl OrderPatch {
    /// The edit, when every value is acceptable by itself.
    fn checked(self) -> Result<Edit, Problem> {
        let mut errors = Vec::new();
        for (pointer, address) in [
            ("/shipping_address", &self.shipping_address),
            ("/billing_address", &self.billing_address),
        ] {
            if let Field::Set(address) = address {
                errors.extend(address.check(pointer));
            }
        }
        let shipping_address = taken("/shipping_address", self.shipping_address, &mut errors);
        let email = taken("/email", self.email, &mut errors);
        let note = match self.note.try_map(|text| checked_note(&text)) {
            Ok(Field::Set(Some(note))) => Field::Set(note),
            Ok(Field::Set(None) | Field::Clear) => Field::Clear,
            Ok(Field::Keep) => Field::Keep,
            Err(detail) => {
                errors.push(FieldError::new("/note", detail));
                Field::Keep
            }
        };
        let billing_address = self.billing_address;
        let edit = Edit { shipping_address, billing_address, email, note };
        if errors.is_empty() { Ok(edit) } else { Err(Problem::invalid(errors)) }
    }
}

/// The value of a field that may be left out and may not be cleared.
fn taken<T>(pointer: &str, field: Field<T>, errors: &mut Vec<FieldError>) -> Option<T> {
    let refused = |detail| errors.push(FieldError::new(pointer, detail));
    field.required().map_err(refused).unwrap_or_default()
}

/// Edits an order until its first parcel has left: its buyer, the guest with its token, and support.
#[utoipa::path(
    patch, path = "/api/v1/orders/{id}", operation_id = "edit_order", tag = "orders",
    params(
        ("id" = OrderId, Path, description = "Which order"),
        ("If-Match" = inline(IfMatch), Header, description = "The entity tag that was read"),
    ),
    request_body(content(
        (OrderPatch = "application/json"), (OrderPatch = "application/merge-patch+json"),
    )),
    security(("bearer" = []), ("guest" = [])),
    responses(
        (status = 200, body = OrderBody, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`invalid_transition` once a parcel has left, `total_would_change`"),
        (status = 412, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 428, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    OrderCaller { viewer, .. }: OrderCaller,
    Path(id): Path<OrderId>,
    if_match: Result<IfMatch, HttpError>,
    patch: Result<Json<Patch<OrderPatch>>, HttpError>,
) -> Result<Response, HttpError> {
    app::may_edit(&app, id, &viewer).await?;
    let (if_match, Json(Patch(patch))) = (if_match?, patch?);
    let order = app::edit_order(&app, id, if_match, patch.checked()?).await?;
    Ok(answer(&order))
}

/// Says that a confirmed order is being packed. A manager who is limited to categories may where all of its
/// products are theirs.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/process", operation_id = "process_order", tag = "orders",
    params(("id" = OrderId, Path, description = "Which order")), security(("bearer" = [])),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    responses(
        (status = 200, body = OrderBody, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invalid_transition`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn process(
    State(app): State<Arc<App>>,
    manager: ManagerOf,
    Path(id): Path<OrderId>,
    _: OptionalJson<NoFields>,
) -> Result<Response, HttpError> {
    app::check_order(&app, Reach::of(manager.categories), id).await?;
    Ok(answer(&app::process_order(&app, id).await?))
}

/// Says that all goods of an order have arrived. A manager who is limited to categories may where all of its
/// products are theirs.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/deliver", operation_id = "deliver_order", tag = "orders",
    params(("id" = OrderId, Path, description = "Which order")), security(("bearer" = [])),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    responses(
        (status = 200, body = OrderBody, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invalid_transition`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn deliver(
    State(app): State<Arc<App>>,
    manager: ManagerOf,
    Path(id): Path<OrderId>,
    _: OptionalJson<NoFields>,
) -> Result<Response, HttpError> {
    app::check_order(&app, Reach::of(manager.categories), id).await?;
    Ok(answer(&app::deliver_order(&app, id).await?))
}

/// The order as it is from now on.
fn answer(order: &Order) -> Response {
    private(written_json(order.version, &OrderBody::from(order)))
}
