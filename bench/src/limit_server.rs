//! The limit: a bare axum server with the program's number of threads, which answers every path with
//! the same bytes that the shop answers.

use std::path::Path;

use axum::{Router, http::header, routing::get, serve::ListenerExt as _};
use bytes::Bytes;

/// Serves the file's bytes on a free port, which it prints as one line.
///
/// # Errors
/// When the file cannot be read.
pub fn serve(body: &Path) -> anyhow::Result<()> {
    let body = Bytes::from(std::fs::read(body)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let answer =
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], body) });
        let app: Router = Router::new()
            .route("/api/v1/products", answer.clone())
            .route("/api/v1/products/{id}", answer);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        // The shop sets TCP_NODELAY too; a connection that is gone already is none of our business.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        Ok(axum::serve(listener, app).await?)
    })
}
