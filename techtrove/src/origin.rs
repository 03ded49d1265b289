//! The three faces of one shop: to the world, to whoever operates it, and to the owner of its data
//! folder. What may stand beside the public API only where nobody else can reach it is decided here.

use axum::{
    Json, Router,
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, header};
use serde::Deserialize;
use techtrove_core::{Problem, SharedClock, SharedIds, codes};
use techtrove_db::Db;
use techtrove_gateway::{Origin, RateLimit};
use techtrove_http::{HttpError, Query, RequestContext, guard, request_context};
use techtrove_runtime::{Readiness, Service, detailed_health, metrics, public_health};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    audit::{Books, Mode},
    backup::{CopyDatabases, copy_databases},
    demo,
};

/// What the faces are made of.
pub(crate) struct Faces<'a> {
    pub(crate) services: &'a [Service],
    pub(crate) mailbox: Router,
    pub(crate) books: Books,
    pub(crate) clock: SharedClock,
    pub(crate) ids: SharedIds,
}

/// The faces, each a router.
pub(crate) struct Origins {
    pub(crate) public: Router,
    pub(crate) operations: Router,
    pub(crate) operator: Router,
}

impl Faces<'_> {
    /// The faces of a shop that, when `on_loopback`, only its own machine can reach.
    pub(crate) fn origins(self, gateway: &techtrove_gateway::Config, on_loopback: bool) -> Origins {
        let readiness = self.readiness();
        let operations = detailed_health(readiness.clone()).merge(audit(self.books.clone()));
        let mut beside = public_health(readiness).merge(demo::pictures());
        if on_loopback {
            let private = Router::new()
                .route("/metrics", get(async || metrics::response()))
                .merge(audit(self.books.clone()))
                .merge(self.mailbox.clone());
            beside = beside.merge(private.layer(middleware::from_fn(local_only)));
        }
        let origin = Origin { services: self.public(), beside };
        Origins {
            public: techtrove_gateway::router(gateway, origin, self.context()),
            operations: request_context(guard(operations), self.context()),
            operator: self.operator(gateway),
        }
    }

    /// The public API without limits, beside all internal routes, the audit and backups.
    fn operator(&self, gateway: &techtrove_gateway::Config) -> Router {
        let unlimited = techtrove_gateway::Config { rate_limit: RateLimit::Off, ..gateway.clone() };
        let internal = self.services.iter().map(|service| service.internal.clone());
        let own = audit(self.books.clone()).merge(self.backups());
        let beside = internal.fold(own, Router::merge);
        let origin = Origin { services: self.public(), beside };
        techtrove_gateway::router(&unlimited, origin, self.context())
    }

    /// `POST /backup`: all databases, copied into a folder of the owner's.
    fn backups(&self) -> Router {
        let databases: Vec<Db> =
            self.services.iter().flat_map(|service| service.databases.clone()).collect();
        let clock = self.clock.clone();
        let copy = move |Json(wanted): Json<CopyDatabases>| async move {
            match copy_databases(&databases, &clock, wanted).await {
                Ok(copied) => Json(copied).into_response(),
                Err(error) => HttpError(error).into_response(),
            }
        };
        Router::new().route("/backup", post(copy))
    }

    fn public(&self) -> Vec<OpenApiRouter> {
        self.services.iter().map(|service| service.public.clone()).collect()
    }

    fn readiness(&self) -> Readiness {
        let services = self.services.iter();
        services.fold(Readiness::new(), |all, service| all.and(service.name, &service.readiness))
    }

    fn context(&self) -> RequestContext {
        RequestContext { service: "gateway", ids: self.ids.clone() }
    }
}

/// How the books are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// Whether nobody asks anything of the shop, as only whoever started it for the audit knows.
    #[serde(default)]
    at_rest: bool,
}

/// `GET /audit`: the books, checked.
fn audit(books: Books) -> Router {
    let check = move |Query(query): Query<AuditQuery>| async move {
        let mode = if query.at_rest { Mode::AtRest } else { Mode::Running };
        match crate::audit::audit(&books, mode).await {
            Ok(report) => Json(report).into_response(),
            Err(error) => HttpError(error).into_response(),
        }
    };
    Router::new().route("/audit", get(check))
}

/// Answers only a program on this machine that asks for this machine by name: a page in its browser
/// that was led here by a foreign name, or a proxy in front, sees nothing.
async fn local_only(request: Request, next: Next) -> Response {
    if is_local(request.headers(), request.uri().host()) {
        next.run(request).await
    } else {
        HttpError(Problem::new(codes::NOT_FOUND, "there is nothing here")).into_response()
    }
}

fn is_local(headers: &HeaderMap, target: Option<&str>) -> bool {
    const FORWARDED: [&str; 6] = [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    ];
    let forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
    let host = target.or_else(|| headers.get(header::HOST)?.to_str().ok());
    !forwarded && host.is_some_and(names_this_machine)
}

fn names_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_own_names_are_local() {
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "[::1]"]
        {
            assert!(names_this_machine(host), "{host}");
        }
        for host in
            ["", "example.com", "localhost.example.com", "127.0.0.1.example.com:80", "10.0.0.1:80"]
        {
            assert!(!names_this_machine(host), "{host}");
        }
    }

    #[test]
    fn what_was_forwarded_is_not_local() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, header::HeaderValue::from_static("localhost"));
        assert!(is_local(&headers, None));

        for (name, value) in [("x-forwarded-for", "127.0.0.1"), ("via", "1.1 proxy")] {
            let mut forwarded = headers.clone();
            forwarded.insert(name, header::HeaderValue::from_static(value));

            assert!(!is_local(&forwarded, None), "{name}");
        }
    }
}
