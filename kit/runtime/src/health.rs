//! The routes by which others see whether the process lives and can answer: to the world a status
//! alone, to whoever runs it the reasons.

use axum::{
    Json, Router,
    response::{IntoResponse, Response},
    routing::get,
};
use techtrove_core::{Problem, codes};
use techtrove_http::HttpError;

use crate::{Readiness, metrics};

/// `/healthz` and `/readyz` for everybody: a status and nothing else.
pub fn public_health(readiness: Readiness) -> Router {
    let ready = move || async move {
        if readiness.report().await.ready {
            "ready".into_response()
        } else {
            let wait = std::time::Duration::from_secs(1);
            let problem = Problem::new(codes::UNAVAILABLE, "not ready").retry_after(wait);
            HttpError(problem).into_response()
        }
    };
    Router::new().route("/healthz", get(async || "alive")).route("/readyz", get(ready))
}

/// `/healthz`, `/readyz` with each check, and `/metrics`, for the port that only operators reach.
pub fn detailed_health(readiness: Readiness) -> Router {
    let ready = move || async move { detailed(&readiness).await };
    Router::new()
        .route("/healthz", get(async || "alive"))
        .route("/readyz", get(ready))
        .route("/metrics", get(async || metrics::response()))
}

async fn detailed(readiness: &Readiness) -> Response {
    let report = readiness.report().await;
    let status = if report.ready { 200 } else { 503 };
    let status = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    (status, Json(report)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, StatusCode},
    };
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(router: Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("infallible");
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    fn broken() -> Readiness {
        Readiness::new().check("database", || async { Err("file is locked") })
    }

    #[tokio::test]
    async fn the_world_sees_a_status_alone() {
        assert_eq!(get(public_health(Readiness::new()), "/readyz").await.0, StatusCode::OK);
        assert_eq!(get(public_health(broken()), "/healthz").await.0, StatusCode::OK);
        let (status, body) = get(public_health(broken()), "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!body.contains("locked"));
    }

    #[tokio::test]
    async fn the_operator_sees_why() {
        let (status, body) = get(detailed_health(broken()), "/readyz").await;

        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            body,
            r#"{"ready":false,"checks":[{"name":"database","error":"file is locked"}]}"#
        );
    }
}
