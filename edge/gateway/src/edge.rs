//! What every request passes on its way in and out, as one service laid around each route: whose
//! request it is, whether it may come and is understood, how long it may take, and what its answer says besides. One
//! service and not five, since each layer of a route is boxed and cloned for every request.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::header;
use techtrove_core::{Problem, codes};
use techtrove_http::HttpError;
use tower::{Layer, Service};

use crate::{Config, Pace, TrustedProxies, headers, limiter::Limiter, parameters::Parameters};

/// What the passage consists of.
struct Edge {
    trusted_proxies: TrustedProxies,
    limiter: Limiter,
    pace: Pace,
    parameters: Parameters,
}

impl Edge {
    /// Refuses what no operation takes.
    fn refuse(&self, request: &Request) -> Result<(), Problem> {
        self.parameters.check(request)?;
        match request.headers().get(header::CONTENT_ENCODING) {
            Some(encoding) if encoding != "identity" => {
                let detail = "bodies are taken as they are: send it without content-encoding";
                Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE, detail))
            }
            _ => Ok(()),
        }
    }
}

/// Lays the passage around a route.
#[derive(Clone)]
pub(crate) struct EdgeLayer(Arc<Edge>);

impl EdgeLayer {
    pub(crate) fn new(config: &Config, parameters: Parameters) -> Self {
        Self(Arc::new(Edge {
            trusted_proxies: config.trusted_proxies.clone(),
            limiter: Limiter::new(config.rate_limit),
            pace: config.pace,
            parameters,
        }))
    }
}

impl<S> Layer<S> for EdgeLayer {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { inner, edge: Arc::clone(&self.0) }
    }
}

/// A route with the passage around it.
#[derive(Clone)]
pub(crate) struct EdgeService<S> {
    inner: S,
    edge: Arc<Edge>,
}

impl<S> Service<Request> for EdgeService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        self.edge.trusted_proxies.note_client(&mut request);
        let verdict = self.edge.limiter.judge(&request);
        let limit = self.edge.pace.of(request.uri().path());
        let refusal = verdict.refusal.or_else(|| self.edge.refuse(&request).err());
        let work = match refusal {
            Some(problem) => Err(problem),
            None => Ok(self.inner.call(request)),
        };
        Box::pin(async move {
            let mut response = match work {
                Ok(work) => limit.keep(work).await?,
                // Written here, where the request's context is at hand.
                Err(problem) => HttpError(problem).into_response(),
            };
            headers::add(&mut response, verdict.shown);
            Ok(response)
        })
    }
}
