//! The way to a callee that is not in this process. The caller's deadline is the client's business, which
//! drops what it waits for no longer; what was sent arrives all the same.

use std::{error::Error, fmt};

use bytes::Bytes;
use futures::future::BoxFuture;

/// Carries requests to one callee, and brings its answers back.
pub trait Network: Send + Sync + fmt::Debug {
    /// Carries `request` and brings the whole answer, or nothing for as long as none comes.
    fn carry(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, Lost>>;
}

/// A connection failed.
#[derive(Debug)]
pub struct Lost {
    /// Whether the request may have arrived before that.
    pub sent: bool,
    /// Why.
    pub source: Box<dyn Error + Send + Sync>,
}
