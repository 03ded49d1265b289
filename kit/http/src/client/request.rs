//! One call: built, sent under its deadline, answered.

use std::{
    error::Error,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Answer, Call, Client, ClientError, Fault, Lost, Transport, local};
use crate::{
    Trace,
    context::{self, Current, TRACEPARENT},
    json::APPLICATION_JSON,
};

/// How long the caller still waits when the request leaves, in milliseconds.
pub(super) const X_DEADLINE_MS: HeaderName = HeaderName::from_static("x-deadline-ms");

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

type Cause = Box<dyn Error + Send + Sync>;

/// A call that is being put together.
#[must_use = "a call is made by `call` or `send`"]
pub struct RequestBuilder<'a> {
    client: &'a Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    deadline: Duration,
    mistake: Option<Cause>,
}

/// A request ready to leave, as often as it must.
#[derive(Clone)]
struct Ready {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    current: Current,
    deadline: Instant,
}

impl std::fmt::Debug for RequestBuilder<'_> {
    /// Without headers and body, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client, method, path, .. } = self;
        write!(f, "RequestBuilder({method} {path} of {})", client.callee)
    }
}

impl<'a> RequestBuilder<'a> {
    pub(super) fn new(client: &'a Client, method: Method, path: &str) -> Self {
        Self {
            client,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            deadline: client.deadline,
            mistake: None,
        }
    }

    /// With the fields of `query` as parameters; fields that are `None` are left out.
    pub fn query<T: Serialize + ?Sized>(mut self, query: &T) -> Self {
        match serde_html_form::to_string(query) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => {
                self.path.push(if self.path.contains('?') { '&' } else { '?' });
                self.path.push_str(&text);
            }
            Err(error) => self.mistake = Some(error.into()),
        }
        self
    }

    /// With `body` as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = bytes.into(),
            Err(error) => self.mistake = Some(error.into()),
        }
        self.headers.insert(header::CONTENT_TYPE, APPLICATION_JSON);
        self
    }

    /// With `fields` as a form, as HTML sends it: for strangers who read no JSON.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        match serde_html_form::to_string(fields) {
            Ok(text) => self.body = text.into(),
            Err(error) => self.mistake = Some(error.into()),
        }
        self.headers.insert(header::CONTENT_TYPE, FORM);
        self
    }

    /// With a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                self.headers.append(name, value);
            }
            Err(error) => self.mistake = Some(error.into()),
        }
        self
    }

    /// With one more header whose value is a secret: no log shows it, and no connection compresses it.
    pub fn secret_header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                self.headers.append(name, value);
            }
            Err(error) => self.mistake = Some(error.into()),
        }
        self
    }

    /// With another deadline than the client's.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Makes the call and reads the answer's JSON; `()` for an answer without a body.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call<R: DeserializeOwned>(self) -> Result<R, ClientError> {
        self.send().await?.into_json()
    }

    /// Makes the call and takes the answer as it is, whatever its status: for strangers who do not
    /// answer in problems.
    ///
    /// # Errors
    /// See [`ClientError`]; never [`ClientError::Refused`].
    pub async fn send(self) -> Result<Answer, ClientError> {
        let client = self.client;
        let after = self.deadline;
        let began = Instant::now();
        let outcome = match self.ready(began) {
            Ok(ready) => ready.send(client, after).await,
            Err(source) => {
                Err(ClientError::Unavailable { callee: client.callee, sent: false, source })
            }
        };
        client.metrics.record(client.callee, began.elapsed(), &outcome);
        outcome
    }

    /// The request, in the current trace and within the deadline of whoever waits for us.
    fn ready(mut self, now: Instant) -> Result<Ready, Cause> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let uri: Uri = self.path.parse()?;
        let mut deadline = now + self.deadline;
        if let Some(callers) = context::current_deadline() {
            deadline = deadline.min(callers);
        }
        let number = self.client.calls.fetch_add(1, Ordering::Relaxed);
        let trace = context::current_trace().map(|trace| trace.child(number));
        let trace = trace.unwrap_or_else(|| Trace::start(uuid::Uuid::from_u64_pair(0, number)));
        let traceparent = HeaderValue::try_from(trace.traceparent())?;
        self.headers.insert(TRACEPARENT, traceparent);
        let path = uri.path_and_query().cloned();
        let current = Current { trace, path, deadline: Some(deadline) };
        let (method, headers, body) = (self.method, self.headers, self.body);
        Ok(Ready { method, uri, headers, body, current, deadline })
    }
}

impl Ready {
    async fn send(self, client: &Client, after: Duration) -> Result<Answer, ClientError> {
        let lost = ClientError::Timeout { callee: client.callee, after };
        let fault = client.faults.as_ref().map_or(Fault::None, |faults| {
            let path = self.uri.path();
            faults.decide(&Call { callee: client.callee, method: &self.method, path })
        });
        match fault {
            Fault::None => self.deliver(client, after).await,
            Fault::Unreachable => Err(ClientError::Unavailable {
                callee: client.callee,
                sent: false,
                source: "connection refused".into(),
            }),
            Fault::DropRequest => Err(lost),
            Fault::DropAnswer => self.deliver(client, after).await.and(Err(lost)),
            Fault::Delay(delay) => self.deliver_late(client, after, delay).await,
            Fault::Duplicate => {
                let first = self.clone().deliver(client, after).await;
                // The second answer reaches nobody.
                let _ = self.deliver(client, after).await;
                first
            }
        }
    }

    async fn deliver(self, client: &Client, after: Duration) -> Result<Answer, ClientError> {
        let callee = client.callee;
        let unsent = |source: Cause| ClientError::Unavailable { callee, sent: false, source };
        if self.deadline <= Instant::now() {
            return Err(unsent("no time is left for the call".into()));
        }
        let place = timeout_at(self.deadline, Arc::clone(&client.places).acquire_owned())
            .await
            .map_err(|_| unsent("too many calls are on their way".into()))?
            .map_err(|closed| unsent(closed.into()))?;
        let (deadline, current) = (self.deadline, self.current.clone());
        let answer = match &client.transport {
            Transport::Network(network) => {
                timeout_at(deadline, network.carry(self.into_request())).await.map(|carried| {
                    carried.map(|response| Answer::of(callee, response)).map_err(
                        |Lost { sent, source }| ClientError::Unavailable { callee, sent, source },
                    )
                })
            }
            Transport::Local(router) => {
                let request = self.into_request().map(Body::from);
                let task = local::deliver(router.clone(), callee, request, current, place);
                timeout_at(deadline, task).await.map(|ended| {
                    ended.unwrap_or_else(|ended| {
                        Err(ClientError::Unavailable { callee, sent: true, source: ended.into() })
                    })
                })
            }
        };
        answer.unwrap_or(Err(ClientError::Timeout { callee, after }))
    }

    /// The request is on its way for `delay`, whether or not the caller still waits.
    async fn deliver_late(
        self,
        client: &Client,
        after: Duration,
        delay: Duration,
    ) -> Result<Answer, ClientError> {
        let (deadline, callee, patient) = (self.deadline, client.callee, client.clone());
        let late = Self { deadline: deadline + delay, ..self };
        let task = tokio::spawn(async move {
            sleep(delay).await;
            late.deliver(&patient, after).await
        });
        match timeout_at(deadline, task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(ended)) => {
                Err(ClientError::Unavailable { callee, sent: true, source: ended.into() })
            }
            Err(_) => Err(ClientError::Timeout { callee, after }),
        }
    }

    fn into_request(self) -> http::Request<Bytes> {
        let left = self.deadline.saturating_duration_since(Instant::now()).as_millis();
        let mut request = http::Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        request.headers_mut().insert(X_DEADLINE_MS, HeaderValue::from(left));
        request
    }
}
