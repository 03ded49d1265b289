//! The way to a stranger on the internet: HTTPS with certificates verified by the system's authorities.
//! Plain HTTP is for this machine alone, where tests and stand-ins listen, since what is sent may be
//! secret. Connections are kept for the next request.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::{Request, Response, Uri, uri::Scheme};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore};

use super::{Lost, Network, answer::MAX_BODY, request::X_DEADLINE_MS};

/// Where a stranger is found: a scheme and a host, such as `https://api.stripe.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Uri);

/// The text is no origin that requests may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write https:// and a host, without a path; http:// is for this machine alone")]
pub struct InvalidOrigin;

/// Carries requests to one origin.
#[derive(Clone)]
pub struct Https {
    origin: Origin,
    client: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| InvalidOrigin)?;
        let host = uri.host().ok_or(InvalidOrigin)?;
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_here = address.map_or(host == "localhost", |address| address.is_loopback());
        let is_sent_safely = uri.scheme() == Some(&Scheme::HTTPS)
            || (uri.scheme() == Some(&Scheme::HTTP) && is_here);
        let is_bare = uri.path() == "/" && uri.query().is_none() && !text.contains(['@', '#']);
        (is_sent_safely && is_bare).then_some(Self(uri)).ok_or(InvalidOrigin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Https {
    /// To `origin`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(origin: Origin) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        let (trusted, _) =
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if trusted == 0 {
            tracing::warn!(%origin, "this machine trusts no authority: nobody is reached by HTTPS");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1();
        let client = legacy::Client::builder(TokioExecutor::new()).build(connector.build());
        Ok(Self { origin, client })
    }

    /// The request to the origin; how long we wait is not its business.
    fn addressed(&self, mut request: Request<Bytes>) -> Result<Request<Full<Bytes>>, http::Error> {
        request.headers_mut().remove(X_DEADLINE_MS);
        let mut parts = request.uri().clone().into_parts();
        parts.scheme = self.origin.0.scheme().cloned();
        parts.authority = self.origin.0.authority().cloned();
        *request.uri_mut() = Uri::from_parts(parts)?;
        Ok(request.map(Full::new))
    }
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Https({})", self.origin)
    }
}

impl Network for Https {
    fn carry(&self, request: Request<Bytes>) -> BoxFuture<'static, Result<Response<Bytes>, Lost>> {
        let client = self.client.clone();
        let addressed = self.addressed(request);
        async move {
            let request = addressed.map_err(|error| Lost { sent: false, source: error.into() })?;
            let answer = client.request(request).await;
            let answer =
                answer.map_err(|error| Lost { sent: !error.is_connect(), source: error.into() })?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, MAX_BODY).collect().await;
            let body = body.map_err(|source| Lost { sent: true, source })?.to_bytes();
            Ok(Response::from_parts(parts, body))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        http::{HeaderMap, header::CONTENT_TYPE},
        routing::{get, post},
    };
    use tokio::net::TcpListener;

    use super::*;
    use crate::{Client, ClientError};

    async fn client(listener: &TcpListener) -> Client {
        let address = listener.local_addr().expect("an address");
        let origin = format!("http://{address}").parse().expect("an origin");
        Client::over("stranger", Arc::new(Https::new(origin).expect("TLS")))
    }

    #[test]
    fn secrets_are_sent_in_the_clear_to_nobody_else() {
        for text in [
            "https://api.stripe.com",
            "http://127.0.0.1:12111",
            "http://[::1]:1/",
            "http://localhost",
        ] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        for text in [
            "http://api.stripe.com",
            "http://127.0.0.1.example.com",
            "api.stripe.com",
            "/v1",
            "",
            "https://api.stripe.com/v1",
            "https://api.stripe.com?x",
            "https://user@api.stripe.com",
            "ftp://127.0.0.1",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(InvalidOrigin), "{text}");
        }
    }

    #[tokio::test]
    async fn a_form_arrives_whole_and_its_answer_comes_back() {
        let echo = |headers: HeaderMap, body: String| async move {
            assert!(!headers.contains_key(X_DEADLINE_MS));
            ([(CONTENT_TYPE, headers[CONTENT_TYPE].clone())], body)
        };
        let router =
            Router::new().route("/v1/echo", post(echo)).route("/v1/ask", get(|| async { "x" }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = client(&listener).await;
        let server = tokio::spawn(async move { axum::serve(listener, router).await });

        let fields = [("metadata[id]", "a b&c=d"), ("amount", "100")];
        let answer = client.post("/v1/echo").form(&fields).send().await.expect("an answer");
        let other = client.get("/v1/ask?x=1").send().await.expect("an answer");

        assert_eq!(answer.body, "metadata%5Bid%5D=a+b%26c%3Dd&amount=100");
        assert_eq!(answer.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
        assert_eq!(other.body, "x");
        server.abort();
    }

    #[tokio::test]
    async fn who_is_not_there_was_sent_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = client(&listener).await;
        drop(listener);

        let refused = client.get("/v1/ask").send().await.expect_err("nobody listens");

        assert!(matches!(refused, ClientError::Unavailable { sent: false, .. }), "{refused:?}");
    }
}
