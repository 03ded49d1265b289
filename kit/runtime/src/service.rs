//! What every service is to the program that runs it.

use std::{error::Error, fmt};

use axum::{Extension, Router, extract::FromRequestParts};
use techtrove_bus::Subscription;
use techtrove_db::Db;
use utoipa_axum::router::OpenApiRouter;

use crate::{Readiness, Worker, parked, parked::Desk};

/// A service, built and not yet started.
pub struct Service {
    /// Its name: `orders`.
    pub name: &'static str,
    /// What the gateway shows to the world, documented; full paths under `/api/v1`.
    pub public: OpenApiRouter,
    /// What only other services and the program call; full paths under `/internal/<name>`.
    pub internal: Router,
    /// What it does on its own.
    pub workers: Vec<Worker>,
    /// The events it listens to.
    pub subscriptions: Vec<Subscription>,
    /// Whether it can answer.
    pub readiness: Readiness,
    /// Its databases, closed last.
    pub databases: Vec<Db>,
}

impl Service {
    /// The same, with routes by which whoever is let in as an `A` sees the events that it could not take,
    /// and hands them to it again; what `A` finds its caller with is in `known`. One that listens to
    /// nothing has no such routes.
    #[must_use]
    pub fn with_parked_events<A>(self, known: impl Clone + Send + Sync + 'static) -> Self
    where
        A: FromRequestParts<Desk> + Send + 'static,
    {
        if self.subscriptions.is_empty() {
            return self;
        }
        let routes = parked::routes::<A>(self.name, &self.subscriptions).layer(Extension(known));
        Self { public: self.public.merge(routes), ..self }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A service cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its database cannot be opened.
    #[error(transparent)]
    Open(#[from] techtrove_db::OpenError),
    /// Its database cannot be brought to the current schema.
    #[error(transparent)]
    Migrate(#[from] techtrove_db::MigrateError),
    /// Something of the service's own.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
}

impl BuildError {
    /// For a reason of the service's own.
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}
