//! A mail server of 60 lines, as much of RFC 5321 as a sender needs; it can be told to fail.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Takes mails and keeps them.
pub struct MailServer {
    pub port: u16,
    pub mails: Arc<Mutex<Vec<String>>>,
    /// How many mails it still refuses for now.
    pub busy: Arc<AtomicU32>,
    /// How many mails it still refuses for good.
    pub unwilling: Arc<AtomicU32>,
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Self {
            port: listener.local_addr().expect("bound").port(),
            mails: Arc::default(),
            busy: Arc::default(),
            unwilling: Arc::default(),
        };
        let shared =
            (Arc::clone(&server.mails), Arc::clone(&server.busy), Arc::clone(&server.unwilling));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mails, busy, unwilling) = shared.clone();
                tokio::spawn(async move { serve(stream, &mails, &busy, &unwilling).await });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn taken(&self) -> Vec<String> {
        self.mails.lock().expect("not poisoned").clone()
    }
}

fn counts_down(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

async fn serve(
    stream: TcpStream,
    mails: &Mutex<Vec<String>>,
    busy: &AtomicU32,
    unwilling: &AtomicU32,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "MAIL" if counts_down(busy) => "451 try again later",
            "RCPT" if counts_down(unwilling) => "550 no such mailbox: buyer1@example.com",
            "DATA" => {
                write.write_all(b"354 go ahead\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail += &line;
                    mail.push('\n');
                }
                mails.lock().expect("not poisoned").push(mail);
                "250 taken"
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
