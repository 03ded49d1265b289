//! The device that a request comes from, as far as it tells.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{header::USER_AGENT, request::Parts},
};
use techtrove_http::ClientAddress;

use crate::domain::Device;

/// The device that calls.
pub(crate) struct Calling(pub(super) Device);

impl<S: Send + Sync> FromRequestParts<S> for Calling {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get::<ClientAddress>().map(|address| address.0.to_string());
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self(Device::new(user_agent, address)))
    }
}
