//! Mails handed over to a mail server that others wrote (aiosmtpd, from PyPI), which asks who sends and
//! speaks TLS. Where it is not installed, that is said loudly.

mod support;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use support::{Office, changed, confirmed};
use techtrove_core::PageRequest;
use techtrove_db::Db;
use techtrove_notifications::app;
use techtrove_orders_api::ORDER_PARCEL_SHIPPED;
use techtrove_testing::sqlite_inline;

/// A mail server in a process of its own, which ends with its value.
struct Smtpd {
    process: Child,
    words: BufReader<ChildStdout>,
    port: u16,
}

/// Which Python is asked for aiosmtpd: that of the PATH, then Debian's, which Debian's package is for.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

fn has_aiosmtpd(python: &str) -> bool {
    let asked = Command::new(python).args(["-c", "import aiosmtpd"]).output();
    asked.is_ok_and(|answer| answer.status.success())
}

impl Drop for Smtpd {
    fn drop(&mut self) {
        // It may have ended by itself, which a test has then noticed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Smtpd {
    /// Starts one, with STARTTLS when a certificate is given; nothing where aiosmtpd is not installed.
    fn start(certificate: Option<&Path>) -> Option<Self> {
        let Some(python) = PYTHONS.into_iter().find(|python| has_aiosmtpd(python)) else {
            // Past the test harness, which would keep it to itself.
            let _ =
                std::io::stderr().write_all(b"SKIPPED: aiosmtpd (cargo xtask servers install)\n");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtpd.py");
        let mut command = Command::new(python);
        command.arg(script).stdout(Stdio::piped());
        if let Some(certificate) = certificate {
            command.arg(certificate).arg(certificate.with_file_name("key.pem"));
        }
        let mut process = command.spawn().expect("starts");
        let words = process.stdout.take().expect("piped");
        let mut server = Self { process, words: BufReader::new(words), port: 0 };
        server.port = server.next_line().trim().parse().expect("its port");
        Some(server)
    }

    fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.words.read_line(&mut line).expect("it speaks");
        line
    }

    /// The next mail that it took.
    fn next_mail(&mut self) -> Value {
        serde_json::from_str(&self.next_line()).expect("a mail")
    }

    async fn office(&self, user: &str, query: &str) -> Office {
        let url = format!("smtp://{user}@127.0.0.1:{}{query}", self.port);
        let db = Db::clone(&*sqlite_inline().await);
        Office::new(db, Some(url.parse().expect("a URL"))).await
    }
}

/// How many mails the office has sent for good.
async fn sent(office: &Office) -> usize {
    let book = app::audit_mails(&office.app, &PageRequest::default()).await.expect("a page");
    book.items.iter().filter(|mail| mail.done).count()
}

#[tokio::test]
async fn a_mail_server_takes_mails_from_whoever_knows_the_password() {
    let Some(mut server) = Smtpd::start(None) else { return };
    let office = server.office("shop:s3cret", "").await;
    office.hear(confirmed(2)).await.expect("taken");
    office.hear(changed(ORDER_PARCEL_SHIPPED, 2, 2)).await.expect("taken");

    assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 2);

    assert_eq!(sent(&office).await, 2);
    let mails = [server.next_mail(), server.next_mail()];
    for mail in &mails {
        assert_eq!(mail["to"], serde_json::json!(["buyer2@example.com"]));
        let data = mail["data"].as_str().expect("text");
        for part in ["Message-ID: <order_", "multipart/alternative", "text/plain", "text/html"] {
            assert!(data.contains(part), "{part} in {data}");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_delays_mails_and_loses_none() {
    let Some(server) = Smtpd::start(None) else { return };
    let office = server.office("shop:wrong", "").await;
    office.hear(confirmed(1)).await.expect("taken");

    assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1);

    assert_eq!(sent(&office).await, 0);
    office.clock.advance(Duration::from_secs(10));
    assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1, "it is due again");
}

#[tokio::test]
async fn neither_password_nor_mail_goes_to_whom_nobody_vouches_for() {
    let Some(certificate) = certificate() else { return };
    let Some(server) = Smtpd::start(Some(Path::new(&certificate))) else { return };
    let office = server.office("shop:s3cret", "?tls=required").await;
    office.hear(confirmed(1)).await.expect("taken");

    assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1);

    assert_eq!(sent(&office).await, 0);
}

/// A certificate that nobody but the tests trusts, where `cargo xtask servers up` made one.
#[expect(clippy::disallowed_methods, reason = "where the test servers are; no setting of ours")]
fn certificate() -> Option<String> {
    std::env::var("TECHTROVE_TEST_CERTIFICATE").ok()
}
