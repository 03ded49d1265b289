//! A network that fails on demand, for tests. It must never be reachable from a setting: a client has
//! faults only when a test hands them in.

use std::{fmt, time::Duration};

use http::Method;

/// Decides what happens to each call.
pub trait Faults: Send + Sync + fmt::Debug {
    /// What happens to `call`.
    fn decide(&self, call: &Call<'_>) -> Fault;
}

/// A call about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Who is called.
    pub callee: &'static str,
    /// The method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
}

/// What a network can do to a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The connection is refused: nothing was sent, and the caller knows it.
    Unreachable,
    /// The request is lost; the caller sees a time-out, at once.
    DropRequest,
    /// The request is carried out and the answer is lost; the caller sees a time-out, once the callee
    /// has finished.
    DropAnswer,
    /// The request arrives later. Beyond the deadline the caller sees a time-out, and the request
    /// arrives all the same.
    Delay(Duration),
    /// The request arrives twice; the caller gets the first answer.
    Duplicate,
}
