//! Imports, and how far they are.

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody as _},
    extract::State,
    http::{HeaderMap, Method, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use techtrove_catalog_api::JobId;
use techtrove_core::{Problem, codes};
use techtrove_http::{
    HttpError, Json, NoFields, OptionalJson, Path, ProblemBody, Query, header_text,
    idempotency::{IdempotencyKey, Repeatable as _, StreamFingerprint},
};
use techtrove_identity_api::{Manager, UnlimitedManager};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{self, App, ImportAccepted, ImportKey, ImportManner, JobReport},
    domain::{Format, LineError},
    error::Error,
    store::JobStatus,
};

/// The names under which NDJSON goes; none of them is registered, the first is the usual one.
pub(super) const NDJSON: [&str; 5] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "text/x-ndjson",
];

/// The name under which CSV goes.
pub(super) const CSV: &str = "text/csv";

/// How an import is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// `true`: the lines are only tried, and nothing of them stays. The job reports what it would without.
    #[serde(default)]
    dry_run: bool,
}

/// How far an import is.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobBody {
    job_id: JobId,
    status: JobStatus,
    /// How many lines were taken or reported.
    done: i64,
    /// How many lines there are, once all have arrived; blank ones do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    /// Whether the lines were only tried.
    dry_run: bool,
    /// How many categories the lines made, or would have made: one that nobody meant to is found by it.
    categories_created: i64,
    /// How many errors there were.
    error_count: i64,
    /// The first 1,000 of them, in the order of the lines.
    #[schema(max_items = 1_000)]
    errors: Vec<LineError>,
}

impl From<JobReport> for JobBody {
    fn from(report: JobReport) -> Self {
        let job = report.job;
        Self {
            job_id: job.id,
            status: job.status,
            done: job.done,
            total: job.total,
            dry_run: job.dry_run,
            categories_created: job.categories_created,
            error_count: job.error_count,
            errors: report.errors,
        }
    }
}

/// Takes products in, one per line of NDJSON or one variant per record of CSV: created or edited by
/// SKU; a bad line is reported and does not stop the rest.
///
/// A line is a product as `POST /products` takes it, with `category` (a slug) instead of `category_id`, and with `stock: {on_hand, low_stock_threshold}` per variant where stock is to be
/// set. `category_path` says where that category stands, as an export does: `{slug, name, position}` of each
/// category from the top down to it; those that are unknown are made there, others stay as they are; a line with nothing else makes them alone. A `category` that is unknown and has no path is made at
/// the top, named after its slug. The job counts what was made (`categories_created`), a dry run what would be. Of a product that is known by one of its SKUs, fields and variants which the line leaves out
/// stay as they are. `images` are addresses of at most 20 pictures. A line has at most 1 MiB, the whole at most 512 MiB.
///
/// The first record of CSV names the columns: `sku` and any of `slug`, `name`, `description`, `brand`,
/// `category`, `status`, `fulfilment`, `currency`, `price` (the variant's), `default_price` (of variants
/// without one), `compare_at_price` (all in minor units), `stock`, `low_stock_threshold`, and as JSON `category_path`, `attributes`,
/// `options`, `images`, `variant_options`, `variant_attributes`. An empty cell leaves what it is about as it is. A new SKU
/// joins the product that has the record's slug.
#[utoipa::path(
    post, path = "/api/v1/products/import", operation_id = "import_products", tag = "catalog",
    params(
        ImportQuery,
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "The same lines, sent again in the same manner, are the same job."),
    ),
    request_body(content(
        (String = "application/x-ndjson"),
        (String = "text/x-ndjson"),
        (String = "text/csv"),
    )),
    security(("bearer" = [])),
    responses(
        (status = 202, body = ImportAccepted),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    UnlimitedManager(manager): UnlimitedManager,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    IdempotencyKey(name): IdempotencyKey,
    body: Body,
) -> Result<Response, HttpError> {
    let manner = ImportManner { format: format(&headers)?, dry_run: query.dry_run };
    let most = app.config.import_max_bytes;
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(Error::ImportTooLarge(most).into());
    }
    let key =
        name.map(|name| ImportKey { name, scope: manager.scope(), request: manner.request() });
    let outcome = app::receive_import(&app, manner, key, body.into_data_stream()).await?;
    outcome.respond(|accepted| Ok(accepted.answer()?.into_response()))
}

impl ImportManner {
    /// The fingerprint of a request that is meant so: the same lines meant otherwise are another one.
    fn request(self) -> StreamFingerprint {
        let format = match self.format {
            Format::Ndjson => NDJSON[0],
            Format::Csv => CSV,
        };
        let path = format!("/api/v1/products/import?dry_run={}&type={format}", self.dry_run);
        StreamFingerprint::of(&Method::POST, &path)
    }
}

fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    let content_type = header_text(headers, &header::CONTENT_TYPE)?.unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if NDJSON.iter().any(|name| name.eq_ignore_ascii_case(essence)) {
        Ok(Format::Ndjson)
    } else if essence.eq_ignore_ascii_case(CSV) {
        Ok(Format::Csv)
    } else {
        let detail = "an import is NDJSON or CSV: send it with content-type: application/x-ndjson or \
                      text/csv";
        Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE, detail))
    }
}

/// Ends an import behind the chunk that is worked on: what was done by then stays and is reported. Until
/// then its status is `running`, then `cancelled`; cancelled once more, it answers the same.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/cancel", operation_id = "cancel_job", tag = "catalog",
    params(
        ("id" = JobId, Path),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "Accepted, and not needed: what is cancelled stays so."),
    ),
    request_body(content = Option<NoFields>), security(("bearer" = [])),
    responses(
        (status = 200, body = JobBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    _: UnlimitedManager,
    Path(id): Path<JobId>,
    _: IdempotencyKey,
    _: OptionalJson<NoFields>,
) -> Result<Json<JobBody>, HttpError> {
    Ok(Json(app::cancel_import(&app, id).await?.into()))
}

/// Tells how far an import is.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", operation_id = "get_job", tag = "catalog",
    params(("id" = JobId, Path)), security(("bearer" = [])),
    responses(
        (status = 200, body = JobBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn read_job(
    State(app): State<Arc<App>>,
    _: Manager,
    Path(id): Path<JobId>,
) -> Result<Json<JobBody>, HttpError> {
    Ok(Json(app::get_job(&app, id).await?.into()))
}
