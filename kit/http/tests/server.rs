//! The server on a real socket, with clients that do not behave.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit},
    routing::{get, post},
};
use techtrove_http::{
    Json, guard,
    server::{self, Draining, Limits},
    sse,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<usize>,
}

async fn run(router: Router, limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shutdown = CancellationToken::new();
    let serving = server::serve_within(listener, guard(router), shutdown.clone(), limits);
    Running { address, shutdown, task: tokio::spawn(serving) }
}

fn quick() -> Limits {
    let soon = Duration::from_millis(50);
    Limits { head_timeout: soon, body_timeout: soon, ..Limits::default() }
}

/// What the server says until it closes the connection.
async fn say(address: SocketAddr, words: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(words).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("closed in order");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_client_is_known_by_its_address() {
    let router = Router::new()
        .route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()));
    let server = run(router, Limits::default()).await;

    let answer =
        say(server.address, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;

    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_silent_or_slow_client_is_shown_the_door() {
    let server = run(Router::new(), quick()).await;

    for words in [&b""[..], b"P", b"PRI * HT", b"GET / HTTP/1.1\r\nhost:"] {
        let answer = say(server.address, words).await;

        assert!(!answer.contains("200"), "{answer}");
    }
}

#[tokio::test]
async fn a_greedy_head_is_431() {
    let server = run(Router::new(), Limits::default()).await;
    let head = format!("GET / HTTP/1.1\r\nhost: x\r\nx-much: {}\r\n\r\n", "x".repeat(100_000));

    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    // The server may close before it has taken all of it.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");

    assert_eq!(&answer, b"HTTP/1.1 431");
}

#[tokio::test]
async fn a_client_that_sends_too_much_can_still_read_why() {
    let router = Router::new()
        .route("/", post(async |Json(_): Json<serde_json::Value>| {}))
        .layer(DefaultBodyLimit::max(1_000));
    let server = run(router, Limits::default()).await;
    let length = 4 * 1024 * 1024;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );

    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("sent");
    for _ in 0..64 {
        stream.write_all(&vec![b'1'; length / 64]).await.expect("taken in");
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("closed in order");

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("body_too_large"), "{answer}");
}

fn taker() -> Router {
    Router::new()
        .route("/", post(async |Json(_): Json<serde_json::Value>| {}))
        .layer(DefaultBodyLimit::max(1_000))
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_408() {
    let server = run(taker(), quick()).await;

    let answer = say(
        server.address,
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"a\"",
    )
    .await;

    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("request_timeout"), "{answer}");
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_not_waited_for() {
    let server = run(taker(), Limits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                 content-length: 1001\r\n\r\n";

    stream.write_all(head).await.expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");

    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn the_end_waits_for_requests_and_then_no_longer() {
    let router = Router::new()
        .route("/never", get(std::future::pending::<()>))
        .route("/", get(async || "here"));
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let server = run(router, limits).await;
    let mut idle = TcpStream::connect(server.address).await.expect("a connection");
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut begin = [0; 12];
    idle.read_exact(&mut begin).await.expect("an answer");
    let mut stuck = TcpStream::connect(server.address).await.expect("a connection");
    stuck.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");

    server.shutdown.cancel();
    let cut = server.task.await.expect("no panic");

    assert!(cut <= 1, "an idle connection is no reason to wait: {cut}");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn one_connection_too_many_waits_for_its_turn() {
    let router = Router::new().route("/", get(async || "here"));
    let server = run(router, Limits { connections: 1, ..Limits::default() }).await;
    let first = TcpStream::connect(server.address).await.expect("a connection");
    let words = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let second = tokio::spawn(say(server.address, words));

    drop(first);

    let answer = second.await.expect("no panic");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_unix_socket_serves_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control");
    let listener = UnixListener::bind(&path).expect("a socket");
    let shutdown = CancellationToken::new();
    let router = Router::new().route("/", get(async || "here"));
    let task =
        tokio::spawn(server::serve(listener, router, shutdown.clone(), Duration::from_secs(1)));

    let mut stream = UnixStream::connect(&path).await.expect("a connection");
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("closed in order");
    shutdown.cancel();

    assert!(answer.ends_with("here"), "{answer}");
    assert_eq!(task.await.expect("no panic"), 0);
}

#[tokio::test]
async fn an_answer_without_end_ends_when_the_server_drains() {
    let endless = async |draining: Draining| {
        sse::answer(futures::stream::pending(), Duration::from_secs(3_600), draining)
    };
    let server = run(Router::new().route("/", get(endless)), Limits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"retry: 1000\n\n\r\n") {
        assert_ne!(stream.read_buf(&mut answer).await.expect("an answer"), 0);
    }

    server.shutdown.cancel();
    stream.read_to_end(&mut answer).await.expect("closed in order");

    let answer = String::from_utf8(answer).expect("text");
    assert!(answer.ends_with(": ending\n\n\r\n0\r\n\r\n"), "{answer}");
    assert_eq!(server.task.await.expect("no panic"), 0, "nothing was cut off");
}
