//! How long a request may take before the client gets an answer anyway: the time until the answer's
//! head, so that an answer which is a stream of events may go on for as long as it likes. What runs
//! behind it may go on too: an order whose client was told 504 is still finished or undone by its saga.

use std::{convert::Infallible, future::Future, time::Duration};

use axum::response::{IntoResponse, Response};
use techtrove_core::{Problem, codes};
use techtrove_http::HttpError;

/// How long requests may take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// An ordinary request, its body included.
    pub usual: Duration,
    /// A request with much to read: an import, whose body is read as it comes, the audit, which looks at
    /// the books of a running shop several times, or a backup.
    pub streamed: Duration,
}

/// How long one request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(Duration);

impl Pace {
    /// The limit of a request to `path`.
    pub(crate) fn of(&self, path: &str) -> Limit {
        let much = path.ends_with("/import") || matches!(path, "/audit" | "/backup");
        Limit(if much { self.streamed } else { self.usual })
    }
}

impl Limit {
    /// Ends work that takes too long.
    pub(crate) async fn keep(
        self,
        work: impl Future<Output = Result<Response, Infallible>>,
    ) -> Result<Response, Infallible> {
        match tokio::time::timeout(self.0, work).await {
            Ok(response) => response,
            Err(_) => {
                let detail = format!("no answer within {} seconds", self.0.as_secs());
                Ok(HttpError(Problem::new(codes::TIMEOUT, detail)).into_response())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_the_audit_and_a_backup_may_take_longer() {
        let pace = Pace { usual: Duration::from_secs(30), streamed: Duration::from_secs(900) };

        for (path, seconds) in [
            ("/api/v1/products", 30),
            ("/api/v1/products/import", 900),
            ("/audit", 900),
            ("/backup", 900),
            ("/api/v1/audit", 30),
        ] {
            assert_eq!(pace.of(path), Limit(Duration::from_secs(seconds)), "{path}");
        }
    }
}
