//! How long a request may take before the client gets an answer anyway. What runs behind it may go on:
//! an order whose client was told 504 is still finished or undone by its saga.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use techtrove_core::{Problem, codes};
use techtrove_http::HttpError;

/// How long requests may take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// An ordinary request, its body included.
    pub usual: Duration,
    /// A request whose large body is read as it comes, such as an import.
    pub streamed: Duration,
}

/// Ends a request that takes too long.
pub(crate) async fn keep(State(pace): State<Pace>, request: Request, next: Next) -> Response {
    let streamed = request.uri().path().ends_with("/import");
    let limit = if streamed { pace.streamed } else { pace.usual };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = format!("no answer within {} seconds", limit.as_secs());
            HttpError(Problem::new(codes::TIMEOUT, detail)).into_response()
        }
    }
}
