//! The one public origin. It routes to the services' public routers and adds what every request gets:
//! limits, time-outs, security headers, documentation. It must never know a rule of a service, and
//! never mount an internal route. Start with [`router`].

mod address;
mod docs;
mod document;
mod edge;
mod headers;
mod limiter;
mod links;
mod pace;
mod parameters;

pub use address::TrustedProxies;
pub use docs::document;
pub use document::describe;
pub use limiter::{Allowance, InvalidRateLimit, RateLimit};
pub use pace::Pace;

use std::time::Duration;

use axum::{Router, extract::DefaultBodyLimit};
use techtrove_core::Currency;
use techtrove_http::{ContextLayer, PanicLayer, RequestContext, with_fallbacks};
use utoipa_axum::router::OpenApiRouter;

use crate::{edge::EdgeLayer, parameters::Parameters};

/// The gateway's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How often one client may call.
    pub rate_limit: RateLimit,
    /// Whose word on the client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// The largest body, in bytes, of a request that is not streamed.
    pub body_limit: usize,
    /// How long a request may take.
    pub pace: Pace,
    /// The shop's currency, which the document names.
    pub currency: Currency,
    /// Who takes the money of its orders, whom the document names.
    pub payment_provider: &'static str,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rate_limit: RateLimit::default(),
            trusted_proxies: TrustedProxies::default(),
            body_limit: 1024 * 1024,
            pace: Pace { usual: Duration::from_secs(30), streamed: Duration::from_secs(900) },
            currency: Currency::USD,
            payment_provider: "sandbox",
        }
    }
}

/// What the origin consists of.
pub struct Origin {
    /// The public routers of the services, with their part of the OpenAPI document.
    pub services: Vec<OpenApiRouter>,
    /// What else answers at the origin and is not part of the API: health, the mailbox.
    pub beside: Router,
}

/// The origin as one router, which answers each request in its context.
pub fn router(config: &Config, origin: Origin, context: RequestContext) -> Router {
    let api = origin.services.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::merge);
    let routes = Router::from(api).merge(docs::router(config)).merge(origin.beside);
    // One layer made of four: axum boxes a route once for each time that it is layered.
    with_fallbacks(routes).layer((
        ContextLayer::new(context),
        EdgeLayer::new(config, Parameters::of(docs::DOCUMENT)),
        DefaultBodyLimit::max(config.body_limit),
        PanicLayer,
    ))
}
