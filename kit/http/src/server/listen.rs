//! Sockets the server can listen on.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

/// How long to wait when the process has no more file descriptors, until some come free.
const OUT_OF_RESOURCES: Duration = Duration::from_millis(100);

/// What a connection is made of.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}

/// A socket that connections come from.
pub trait Listen: Send + Sync + 'static {
    /// A connection.
    type Io: Stream;

    /// The next connection, and its peer's address if it has one. Errors are dealt with here.
    fn next(&self) -> impl Future<Output = (Self::Io, Option<SocketAddr>)> + Send;
}

impl Listen for TcpListener {
    type Io = TcpStream;

    async fn next(&self) -> (TcpStream, Option<SocketAddr>) {
        loop {
            match self.accept().await {
                Ok((stream, peer)) => {
                    // Without it small answers wait for the client's acknowledgement; a socket that
                    // cannot be set is gone anyway.
                    let _ = stream.set_nodelay(true);
                    return (stream, Some(peer));
                }
                Err(error) => recover(error).await,
            }
        }
    }
}

impl Listen for UnixListener {
    type Io = UnixStream;

    async fn next(&self) -> (UnixStream, Option<SocketAddr>) {
        loop {
            match self.accept().await {
                Ok((stream, _)) => return (stream, None),
                Err(error) => recover(error).await,
            }
        }
    }
}

/// A connection that broke off before it was accepted is nothing; anything else needs time.
async fn recover(error: io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "a connection cannot be accepted");
        tokio::time::sleep(OUT_OF_RESOURCES).await;
    }
}
