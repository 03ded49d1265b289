//! Mails handed over to a mail server that others wrote (aiosmtpd, from PyPI), which asks who sends and
//! speaks TLS. Where it is not installed, that is said loudly.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use techtrove_core::PageRequest;
use techtrove_db::Db;
use techtrove_notifications::{
    Config, Patience, app,
    domain::{DeliveryError, MailState},
    store::MailFilter,
};
use techtrove_orders_api::ORDER_PARCEL_SHIPPED;
use techtrove_testing::sqlite_inline;

use crate::support::{Office, changed, confirmed};

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
    /// Starts one with the options of its script; nothing where aiosmtpd is not installed.
    fn start(options: &[&str]) -> Option<Self> {
        let Some(python) = PYTHONS.into_iter().find(|python| has_aiosmtpd(python)) else {
            // Past the test harness, which would keep it to itself.
            let _ =
                std::io::stderr().write_all(b"SKIPPED: aiosmtpd (cargo xtask servers install)\n");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtpd.py");
        let mut command = Command::new(python);
        command.arg(script).args(options).stdout(Stdio::piped());
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
        self.office_of(user, query, Patience::default()).await
    }

    async fn office_of(&self, user: &str, query: &str, smtp_patience: Patience) -> Office {
        let url = format!("smtp://{user}@127.0.0.1:{}{query}", self.port);
        let smtp = Some(url.parse().expect("a URL"));
        let db = Db::clone(&*sqlite_inline().await);
        Office::with(db, Config { smtp, smtp_patience, ..Config::default() }).await
    }
}

/// How many mails the office has sent for good.
async fn sent(office: &Office) -> usize {
    let book = app::audit_mails(&office.app, &PageRequest::default()).await.expect("a page");
    book.items.iter().filter(|mail| mail.done).count()
}

#[tokio::test]
async fn a_mail_server_takes_mails_from_whoever_knows_the_password() {
    let Some(mut server) = Smtpd::start(&[]) else { return };
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
    let Some(server) = Smtpd::start(&[]) else { return };
    let office = server.office("shop:wrong", "").await;
    office.hear(confirmed(1)).await.expect("taken");

    assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1);

    assert_eq!(sent(&office).await, 0);
    office.clock.advance(Duration::from_secs(10));
    assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1, "it is due again");
}

/// Where the only mail stands after one try, and what stood in its way.
async fn tried_once(office: &Office) -> (MailState, Option<DeliveryError>) {
    office.hear(confirmed(1)).await.expect("taken");
    assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1);
    let page = PageRequest::default();
    let all = app::list_notifications(&office.app, MailFilter::default(), &page).await;
    let all = all.expect("a list").items;
    assert_eq!(all.len(), 1);
    (all[0].state, all[0].last_error)
}

#[tokio::test]
async fn a_refused_recipient_or_message_ends_a_mail_and_a_refused_shop_delays_it() {
    use DeliveryError::{Connection, Data, Message, Recipient, Sender};
    use MailState::{Failed, Queued};
    for (verb, reply, state, error) in [
        ("GREETING", "554 5.7.1 go away", Queued, Connection),
        ("EHLO", "550 5.7.1 who are you", Queued, Connection),
        ("AUTH", "535 5.7.8 wrong password", Queued, Connection),
        ("AUTH", "550 5.7.0 no such account", Queued, Connection),
        ("MAIL", "550 5.1.8 not your address", Queued, Sender),
        ("MAIL", "530 5.7.0 sign in first", Queued, Sender),
        ("RCPT", "450 4.2.0 not yet", Queued, Recipient),
        ("RCPT", "554 5.7.1 relay access denied", Queued, Recipient),
        ("RCPT", "553 5.1.7 your address is none", Queued, Recipient),
        ("RCPT", "530 sign in first", Queued, Recipient),
        ("RCPT", "550 5.1.1 nobody here", Failed, Recipient),
        ("RCPT", "550 nobody here", Failed, Recipient),
        ("DATA", "554 5.5.1 not today", Queued, Data),
        ("MESSAGE", "452 4.3.1 no room", Queued, Message),
        ("MESSAGE", "554 5.6.0 not like this", Failed, Message),
    ] {
        let Some(server) = Smtpd::start(&["--at", verb, "--reply", reply]) else { return };
        let office = server.office("shop:s3cret", "").await;

        assert_eq!(tried_once(&office).await, (state, Some(error)), "{verb}: {reply}");

        office.clock.advance(Duration::from_secs(10));
        let due = app::send_mails(&office.app, 10).await.expect("runs");
        assert_eq!(due, usize::from(state == Queued), "{verb}: {reply}");
    }
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_or_hangs_up_delays_mails() {
    let soon = Duration::from_millis(200);
    let patience = Patience { command: soon, message: soon };
    for (verb, what, error) in [
        ("GREETING", "hang", DeliveryError::Connection),
        ("AUTH", "hang", DeliveryError::Connection),
        ("RCPT", "hang", DeliveryError::Recipient),
        ("MESSAGE", "hang", DeliveryError::Message),
        ("GREETING", "drop", DeliveryError::Connection),
        ("MESSAGE", "drop", DeliveryError::Message),
    ] {
        let Some(server) = Smtpd::start(&["--at", verb, "--do", what]) else { return };
        // Who hangs up is given all the time that it needs.
        let patience = if what == "hang" { patience } else { Patience::default() };
        let office = server.office_of("shop:s3cret", "", patience).await;

        let tried = tried_once(&office).await;

        assert_eq!(tried, (MailState::Queued, Some(error)), "{verb}: {what}");
    }
}

#[tokio::test]
async fn a_mail_that_was_taken_without_an_answer_comes_again_as_the_same_mail() {
    let Some(mut server) = Smtpd::start(&["--at", "MESSAGE", "--do", "drop"]) else { return };
    let office = server.office("shop:s3cret", "").await;

    let _ = tried_once(&office).await;
    office.clock.advance(Duration::from_secs(10));
    let _ = app::send_mails(&office.app, 10).await.expect("runs");

    let ids = [server.next_mail(), server.next_mail()].map(|mail| {
        let data = mail["data"].as_str().expect("text").to_owned();
        let line = data.lines().find(|line| line.starts_with("Message-ID:"));
        line.expect("a name").to_owned()
    });
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_server_that_does_not_begin_tls_gets_no_password() {
    let Some(certificate) = certificate() else { return };
    let key = Path::new(&certificate).with_file_name("key.pem");
    let key = key.to_str().expect("text");
    let tls = ["--certificate", &certificate, "--key", key];
    let refusing = [&tls[..], &["--at", "STARTTLS", "--reply", "554 5.7.3 not now"]].concat();
    let Some(server) = Smtpd::start(&refusing) else { return };
    let office = server.office("shop:s3cret", "?tls=required").await;

    let tried = tried_once(&office).await;

    assert_eq!(tried, (MailState::Queued, Some(DeliveryError::Connection)));
}

#[tokio::test]
async fn neither_password_nor_mail_goes_to_whom_nobody_vouches_for() {
    let Some(certificate) = certificate() else { return };
    let key = Path::new(&certificate).with_file_name("key.pem");
    let options = ["--certificate", &certificate, "--key", key.to_str().expect("text")];
    let Some(server) = Smtpd::start(&options) else { return };
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
