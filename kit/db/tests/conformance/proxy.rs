//! A way between a client and a server that can be cut at a chosen moment.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
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

/// The way back: what the server says, until it is muted.
struct Mute {
    muted: AtomicBool,
    swallowed: SyncSender<()>,
}

fn pass_on(client: TcpStream, server: TcpStream, cut: &Arc<AtomicU8>) {
    let answers = server.try_clone().expect("a second handle");
    let back = client.try_clone().expect("a second handle");
    let (swallowed, has_swallowed) = sync_channel(1);
    let mute = Arc::new(Mute { muted: AtomicBool::new(false), swallowed });
    let (cut, muting) = (Arc::clone(cut), Arc::clone(&mute));
    // Both end when either side does.
    thread::spawn(move || answer(answers, back, &mute));
    thread::spawn(move || watch(client, server, &cut, (&muting, &has_swallowed)));
}

fn answer(mut server: TcpStream, mut client: TcpStream, mute: &Mute) -> std::io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        let count = server.read(&mut buffer)?;
        if mute.muted.load(Ordering::SeqCst) {
            // Nobody waits for a second one.
            let _ = mute.swallowed.try_send(());
        } else if count > 0 {
            client.write_all(&buffer[..count])?;
        }
        if count == 0 {
            return client.shutdown(Shutdown::Both);
        }
    }
}

fn watch(
    mut client: TcpStream,
    mut server: TcpStream,
    cut: &AtomicU8,
    (mute, swallowed): (&Mute, &Receiver<()>),
) -> std::io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        let count = client.read(&mut buffer)?;
        let said = &buffer[..count];
        let commits = said.windows(6).any(|word| word == b"COMMIT");
        let when = cut.load(Ordering::SeqCst);
        let now = when == Cut::Now as u8 || commits && when != Cut::Never as u8;
        if now && when == Cut::AfterCommit as u8 {
            mute.muted.store(true, Ordering::SeqCst);
            server.write_all(said)?;
            // Its answer means that it has done it.
            swallowed.recv_timeout(Duration::from_secs(10)).expect("the server answers");
        }
        if count == 0 || now {
            cut.store(Cut::Never as u8, Ordering::SeqCst);
            client.shutdown(Shutdown::Both)?;
            return server.shutdown(Shutdown::Both);
        }
        server.write_all(said)?;
    }
}
