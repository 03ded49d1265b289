//! Everything between a socket and a use case: problems, strict extractors, versions, idempotency
//! keys, typed clients, event streams and the server. It must never know what a shop is. Handlers start
//! with [`HttpError`], [`Json`] and [`versioned_json`]; callers of other services with [`Client`].

mod accept;
mod cache;
mod cards;
mod client;
mod client_address;
mod context;
mod etag;
mod exact;
mod extract;
mod guard;
mod json;
mod languages;
mod metrics;
mod patch;
mod pointer;
mod precondition;
mod problem;
mod routes;
mod strict;
mod trace;

pub mod idempotency;
pub mod server;
pub mod sse;

pub use accept::{accepted_types, preferred_type};
pub use cache::{no_store, private};
pub use cards::CardFree;
pub use client::{
    Answer, Call, Client, ClientError, Fault, Faults, Https, InvalidOrigin, Lost, Network, Origin,
    RequestBuilder,
};
pub use client_address::ClientAddress;
pub use context::{
    ContextLayer, RequestContext, continue_trace, current_trace, current_traceparent,
    in_current_context, in_trace, request_context,
};
pub use etag::{ETag, InvalidETag, Tagged, created_json, versioned_json, written_json};
pub use extract::{Form, Path, Query, header_text, refuse_unknown};
pub use guard::{PanicLayer, guard, with_fallbacks};
pub use json::{Json, NoFields, OptionalJson, body_problem, check_json, parse_json, ready_json};
pub use languages::accepted_languages;
pub use patch::Patch;
pub use precondition::{IfMatch, is_unchanged};
pub use problem::{HttpError, ProblemBody};
pub use routes::described;
pub use trace::Trace;

/// What [`routes!`] expands to; not for direct use.
#[doc(hidden)]
pub mod macro_support {
    pub use utoipa_axum::{paste, routes as full};

    pub use crate::routes::Routes;
}
