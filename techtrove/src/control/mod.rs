//! How the command line reaches the shop: through the private socket of a running one, or, when nobody
//! runs, by starting the shop without a listener. Both are the same router, called with a token that
//! the owner of the data folder can sign. Nothing here is ever reachable from a network.

mod socket;

pub use socket::{SocketFolder, listen};

use std::path::{Path, PathBuf};

use axum::{Router, body::Body};
use http::{Request, Response, header};
use hyper_util::rt::TokioIo;
use techtrove_core::{Problem, SharedClock, TypedId};
use techtrove_http::ProblemBody;
use techtrove_identity_api::{Claims, Role, SessionId, SigningKey, UserId};
use tokio::net::UnixStream;
use tower::ServiceExt as _;

/// How long an operator's token lasts: a long import is one request.
const TOKEN_SECONDS: i64 = 3_600;

/// Calls a shop as its owner.
#[derive(Clone, Debug)]
pub struct Operator {
    route: Route,
    token: String,
}

#[derive(Clone, Debug)]
enum Route {
    Socket(PathBuf),
    Local(Router),
}

/// A call that got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The socket does not answer.
    #[error("the running shop does not answer on {path}: {cause}; restart it and try again")]
    Socket {
        /// Which socket.
        path: PathBuf,
        /// What the operating system said.
        cause: String,
    },
    /// The shop refused or failed.
    #[error("{0}")]
    Refused(Problem),
    /// The answer cannot be understood.
    #[error(
        "the shop's answer cannot be understood: {0}; are program and running shop of one version?"
    )]
    Malformed(String),
    /// No token could be signed.
    #[error(transparent)]
    Token(#[from] techtrove_identity_api::SigningError),
}

impl Operator {
    /// Calls the shop that runs on `folder`.
    ///
    /// # Errors
    /// When its socket is not to be trusted, or no token can be signed.
    pub fn of_running(
        folder: &Path,
        key: &SigningKey,
        clock: &SharedClock,
    ) -> Result<Self, ControlError> {
        let path = socket::path(folder).map_err(|error| ControlError::Socket {
            path: folder.to_owned(),
            cause: error.to_string(),
        })?;
        Ok(Self { route: Route::Socket(path), token: token(key, clock)? })
    }

    /// Calls a shop in this process.
    ///
    /// # Errors
    /// When no token can be signed.
    pub fn of_local(
        router: Router,
        key: &SigningKey,
        clock: &SharedClock,
    ) -> Result<Self, ControlError> {
        Ok(Self { route: Route::Local(router), token: token(key, clock)? })
    }

    /// The same shop, called by whoever has this access token.
    #[must_use]
    pub fn bearing(&self, token: String) -> Self {
        Self { route: self.route.clone(), token }
    }

    /// Sends a request as the shop's owner; a refusal is an error.
    ///
    /// # Errors
    /// When there is no answer, or it is not a success.
    pub async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, ControlError> {
        let bearer = format!("Bearer {}", self.token).parse();
        request.headers_mut().insert(
            header::AUTHORIZATION,
            bearer.map_err(|_| ControlError::Malformed("the token is no header".into()))?,
        );
        request
            .headers_mut()
            .entry(header::HOST)
            .or_insert(header::HeaderValue::from_static("localhost"));
        let response = match &self.route {
            Route::Local(router) => match router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            Route::Socket(path) => send_through(path, request).await?,
        };
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    /// Sends a request and reads its answer as JSON.
    ///
    /// # Errors
    /// As [`Self::send`], and when the answer is not of the wanted form.
    pub async fn call<T: serde::de::DeserializeOwned>(
        &self,
        request: Request<Body>,
    ) -> Result<T, ControlError> {
        let body = read(self.send(request).await?).await?;
        serde_json::from_slice(&body).map_err(|error| ControlError::Malformed(error.to_string()))
    }
}

/// A token by which the shop knows its owner: an administrator without an account.
fn token(key: &SigningKey, clock: &SharedClock) -> Result<String, ControlError> {
    let (nobody, session) =
        (UserId::from_uuid(Default::default()), SessionId::from_uuid(Default::default()));
    let claims = Claims::new(nobody, session, vec![Role::Admin], clock.now(), TOKEN_SECONDS);
    Ok(key.sign(&claims)?)
}

async fn send_through(path: &Path, request: Request<Body>) -> Result<Response<Body>, ControlError> {
    let failed = |cause: String| ControlError::Socket { path: path.to_owned(), cause };
    let stream = UnixStream::connect(path).await.map_err(|error| failed(error.to_string()))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(error.to_string()))?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| failed(error.to_string()))?;
    Ok(response.map(Body::new))
}

/// Answers to the command line are small.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

async fn read(response: Response<Body>) -> Result<axum::body::Bytes, ControlError> {
    axum::body::to_bytes(response.into_body(), LARGEST_ANSWER)
        .await
        .map_err(|error| ControlError::Malformed(error.to_string()))
}

async fn refusal(response: Response<Body>) -> ControlError {
    let status = response.status();
    let body = match read(response).await {
        Ok(body) => body,
        Err(error) => return error,
    };
    match serde_json::from_slice::<ProblemBody>(&body) {
        Ok(problem) => ControlError::Refused(problem.into()),
        Err(_) => ControlError::Malformed(format!("status {status}")),
    }
}
