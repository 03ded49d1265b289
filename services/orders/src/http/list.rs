//! Lists of orders.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Deserialize;
use techtrove_core::{EmailAddress, Page, PageRequest, Problem, Timestamp};
use techtrove_http::{HttpError, Json, ProblemBody, Query, private};
use techtrove_identity_api::{Role, SignedIn, UserId};
use techtrove_orders_api::OrderStatus;
use utoipa::IntoParams;

use crate::app::{self, App, OrderBody, WantedOrders};

/// The longest number that is looked for, in characters.
const MAX_NUMBER: usize = 64;

/// Which orders, and how many. All conditions must be met.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Where they stand.
    #[param(inline)]
    status: Option<OrderStatus>,
    /// Whose they are.
    user_id: Option<UserId>,
    /// Their contact, whatever its case.
    email: Option<EmailAddress>,
    /// Their number for people, whatever its case.
    #[param(max_length = 64, example = "TT-7K2M9QX4VB")]
    number: Option<String>,
    /// Placed then or later.
    created_from: Option<Timestamp>,
    /// Placed then or earlier.
    created_to: Option<Timestamp>,
    /// How many items, 1 to 100; default 20.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Where to go on, from `next_cursor`.
    #[param(max_length = 2_048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// Lists orders, newest first: to support, managers and admins all of them, with the attempts that
/// were refused; to everybody else their own.
#[utoipa::path(
    get, path = "/api/v1/orders", operation_id = "list_orders", tag = "orders",
    params(ListQuery), security(("bearer" = [])),
    responses(
        (status = 200, body = Page<OrderBody>), (status = 401, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Response, HttpError> {
    if query.number.as_ref().is_some_and(|number| number.chars().count() > MAX_NUMBER) {
        let detail = format!("has at most {MAX_NUMBER} characters");
        return Err(Problem::invalid_field("/number", detail).into());
    }
    let wanted = WantedOrders {
        user_id: query.user_id,
        email: query.email,
        number: query.number.map(|number| number.to_ascii_uppercase()),
        status: query.status,
        from: query.created_from,
        to: query.created_to,
    };
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    let own = (!user.has(Role::Support) && !user.has(Role::Manager)).then_some(user.sub);
    let orders = app::list_orders(&app, own, wanted, &page).await?;
    Ok(private(Json(orders.map(|order| OrderBody::from(&order)))))
}
