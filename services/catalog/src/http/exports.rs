//! Exports.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use serde::Deserialize;
use techtrove_core::{Problem, codes};
use techtrove_http::{HttpError, ProblemBody, Query, preferred_type};
use techtrove_identity_api::Manager;
use utoipa::{IntoParams, ToSchema};

use super::imports::{CSV, NDJSON};
use crate::{
    app::{self, App},
    domain::Format,
};

/// How an export is written.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Where absent `Accept` says it, `application/x-ndjson` or `text/csv`; `ndjson` where that leaves it open.
    #[param(inline)]
    format: Option<ExportFormat>,
}

/// How an export is written.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExportFormat {
    /// A product per line, as JSON.
    Ndjson,
    /// A variant per record.
    Csv,
}

/// Gives out all products, drafts and archived ones included, and behind them the categories in which
/// nothing stands, as an import takes them. Collections are not in it.
///
/// What begins like a formula for a spreadsheet stands in CSV behind an apostrophe, which an import
/// takes away.
#[utoipa::path(
    get, path = "/api/v1/products/export", operation_id = "export_products", tag = "catalog",
    params(ExportQuery), security(("bearer" = [])),
    responses(
        (status = 200, content((String = "application/x-ndjson"), (String = "text/csv"))),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 406, body = ProblemBody), (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    _: Manager,
    Query(query): Query<ExportQuery>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let (format, media_type, file) = match query.format.map_or_else(|| accepted(&headers), Ok)? {
        ExportFormat::Ndjson => (Format::Ndjson, "application/x-ndjson", "products.ndjson"),
        ExportFormat::Csv => (Format::Csv, "text/csv; charset=utf-8", "products.csv"),
    };
    let export = app::begin_export(app.as_ref().clone(), format).await?;
    let parts = stream::try_unfold(export, async |mut export| {
        let part = export.next().await.inspect_err(|error| {
            tracing::error!(%error, "an export broke off");
        })?;
        Ok::<_, crate::error::Error>(part.map(|part| (part, export)))
    });
    let head = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((head, Body::from_stream(parts)).into_response())
}

/// The format that the caller accepts.
fn accepted(headers: &HeaderMap) -> Result<ExportFormat, Problem> {
    match preferred_type(headers, &[NDJSON[0], CSV]) {
        Some(CSV) => Ok(ExportFormat::Csv),
        Some(_) => Ok(ExportFormat::Ndjson),
        None => {
            let detail = format!("an export is NDJSON or CSV: accept {} or {CSV}", NDJSON[0]);
            Err(Problem::new(codes::NOT_ACCEPTABLE, detail))
        }
    }
}
