//! A way between a client and a server that can be cut at a chosen moment.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

/// When the way is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    Never,
    /// Once the client has said `COMMIT`, which does not reach the server.
    BeforeCommit,
    /// Once the server has the `COMMIT`; its answer does not come back.
    AfterCommit,
    /// At the next thing the client says.
    Now,
}

/// Listens on a port of its own and passes everything on.
pub struct Proxy {
    pub port: u16,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let cut = Arc::new(AtomicU8::new(Cut::Never as u8));
        let watched = Arc::clone(&cut);
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let server = TcpStream::connect_timeout(&server, Duration::from_secs(5));
                pass_on(client, server.expect("the server is there"), &watched);
            }
        });
        Self { port, cut }
    }

    /// Cuts the way once, when it is time.
    pub fn cut(&self, when: Cut) {
        self.cut.store(when as u8, Ordering::SeqCst);
    }
}

fn pass_on(client: TcpStream, server: TcpStream, cut: &Arc<AtomicU8>) {
    let (mut answers, mut back) = (
        server.try_clone().expect("a second handle"),
        client.try_clone().expect("a second handle"),
    );
    thread::spawn(move || {
        // Ends when either side does.
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let cut = Arc::clone(cut);
    thread::spawn(move || {
        let _ = watch(client, server, &cut);
    });
}

fn watch(mut client: TcpStream, mut server: TcpStream, cut: &AtomicU8) -> std::io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        let count = client.read(&mut buffer)?;
        let said = &buffer[..count];
        let commits = said.windows(6).any(|word| word == b"COMMIT");
        let when = cut.load(Ordering::SeqCst);
        let now = when == Cut::Now as u8 || commits && when != Cut::Never as u8;
        if count == 0 || now {
            cut.store(Cut::Never as u8, Ordering::SeqCst);
            client.shutdown(Shutdown::Both)?;
            if now && when == Cut::AfterCommit as u8 {
                server.write_all(said)?;
                // Its answer means that it has done it.
                thread::park_timeout(Duration::from_millis(300));
            }
            return server.shutdown(Shutdown::Both);
        }
        server.write_all(said)?;
    }
}
