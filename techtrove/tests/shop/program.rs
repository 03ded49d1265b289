//! The program as a process: started, stopped, killed, refused.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use axum::body::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use techtrove_db::{Db, DbOptions, p};
use techtrove_testing::Actor;
use tokio::sync::mpsc::Sender;

use crate::harness::order;

/// The program that is tested: the one at `TECHTROVE_TEST_PROGRAM`, such as a release, or else as the tests build it.
pub fn path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "a test's own switch, not a setting")]
        let named = std::env::var("TECHTROVE_TEST_PROGRAM").ok();
        named.unwrap_or_else(|| env!("CARGO_BIN_EXE_techtrove").to_owned())
    })
}

/// A running program; killed when it is dropped.
pub struct Program {
    process: Child,
    /// Where it answers.
    pub base: String,
    /// What it said at the start.
    pub summary: Vec<String>,
    _output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it on a folder and a free port, and reads where from its summary.
    pub fn start(folder: &Path) -> Self {
        Self::run(up(folder, "127.0.0.1:0"))
    }

    /// Starts it by this command.
    pub fn run(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("started");
        let mut output = BufReader::new(process.stdout.take().expect("piped"));
        let mut summary: Vec<String> = Vec::new();
        while summary.last().is_none_or(|line| !line.trim_start().starts_with("stop")) {
            let line = output.by_ref().lines().next().expect("a whole summary");
            summary.push(line.expect("text"));
        }
        let line = summary.iter().find(|line| line.trim_start().starts_with("shop"));
        let url = line.expect("the shop's").split_whitespace().last().expect("a URL");
        let base = url.trim_end_matches("/api/v1").to_owned();
        Self { process, base, summary, _output: output }
    }

    pub fn public(&self) -> Actor {
        Actor::at(&self.base)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to stop, as Ctrl-C does.
    pub fn interrupt(mut self) -> i32 {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().expect("sent");
        self.process.wait().expect("ended").code().expect("not killed")
    }

    /// Kills it in the middle of whatever it does.
    pub fn kill(mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Ended already, mostly.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts it on a folder, listening there.
pub fn up(folder: &Path, listen: &str) -> Command {
    let mut command = Command::new(path());
    command.args(["up", "--no-demo", "--listen", listen, "--data"]).arg(folder);
    command.env("TECHTROVE_RATE_LIMIT", "off").stderr(Stdio::piped());
    command
}

/// Runs a command of the program on a folder to its end.
pub fn run(arguments: &[&str], folder: &Path, input: &str) -> Output {
    let mut process = Command::new(path())
        .args(arguments)
        .arg("--data")
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    process.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    process.wait_with_output().expect("ended")
}

/// An access token of a new administrator of a running shop.
pub async fn admin(program: &Program, folder: &Path) -> String {
    let made = run(
        &["admin", "create", "--email", "admin@example.com"],
        folder,
        "a long secret of mine\n",
    );
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let body = json!({"email": "admin@example.com", "password": "a long secret of mine"});
    let tokens = program.public().post("/api/v1/auth/login", &body).await.expect(200).value();
    tokens["access_token"].as_str().expect("a token").to_owned()
}

/// A product on sale as a line of an import.
pub fn import_line(sku: &str, on_hand: u32) -> String {
    let price = json!({"amount": 7_900, "currency": "USD"});
    let variant = json!({"sku": sku, "price": price, "stock": {"on_hand": on_hand}});
    json!({"name": format!("Product {sku}"), "status": "active", "variants": [variant]}).to_string()
}

/// Imports these lines into a shop.
pub fn import(folder: &Path, lines: &[String]) -> Output {
    let file = folder.join("import.ndjson");
    std::fs::write(&file, lines.join("\n")).expect("written");
    run(&["import", file.to_str().expect("a path")], folder, "")
}

#[tokio::test]
async fn a_second_start_finds_everything_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Program::start(folder.path());
    assert!(import(folder.path(), &[import_line("KEY-1", 10)]).status.success());
    let order = first
        .public()
        .post("/api/v1/orders", &order("KEY-1", 1, "tok_ok"))
        .await
        .expect(201)
        .value();
    assert_eq!(first.interrupt(), 0);

    let second = Program::start(folder.path());

    let path = format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"));
    let token = order["guest_token"].as_str().expect("a token");
    let found = second.public().get(&path).header("x-guest-token", token).await.expect(200).value();
    assert_eq!(found["number"], order["number"]);
    assert_eq!(second.interrupt(), 0);
    let audit = run(&["audit"], folder.path(), "");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}

/// Buys one after the other until nobody answers, and tells of every order that was acknowledged.
pub async fn shop_on(base: String, acknowledged: Sender<Value>) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let body = Bytes::from(order("KEY-1", 1, "tok_ok").to_string());
    loop {
        let request = Request::post(format!("{base}/api/v1/orders"))
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))
            .expect("a request");
        let Ok(answer) = client.request(request).await else { return };
        let created = answer.status().as_u16() == 201;
        match answer.into_body().collect().await {
            Ok(body) if created => {
                let order = serde_json::from_slice(&body.to_bytes()).expect("an order");
                acknowledged.send(order).await.expect("somebody listens");
            }
            _ => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_it_forgets_no_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Program::start(folder.path());
    assert!(import(folder.path(), &[import_line("KEY-1", 5_000)]).status.success());
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Value>(10_000);
    let shoppers: Vec<_> =
        (0..16).map(|_| tokio::spawn(shop_on(first.base.clone(), sender.clone()))).collect();
    drop(sender);
    let mut orders = Vec::new();
    while orders.len() < 100 {
        orders.push(receiver.recv().await.expect("orders come"));
    }

    first.kill();
    for shopper in shoppers {
        shopper.await.expect("ends with the connection");
    }
    while let Some(order) = receiver.recv().await {
        orders.push(order);
    }
    let second = Program::start(folder.path());

    for order in &orders {
        let path = format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"));
        let token = order["guest_token"].as_str().expect("a token");
        let found =
            second.public().get(&path).header("x-guest-token", token).await.expect(200).value();
        assert_eq!(found["status"], "confirmed", "{found}");
    }
    let audit = run(&["audit"], folder.path(), "");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    assert_eq!(second.interrupt(), 0);
}

#[tokio::test]
async fn commands_go_through_the_running_shop_and_without_one_open_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Program::start(folder.path()).interrupt(), 0);

    let at_rest = import(folder.path(), &[import_line("KEY-1", 3), "{broken".to_owned()]);
    let program = Program::start(folder.path());
    let running = import(folder.path(), &[import_line("KEY-2", 4)]);
    let manager = program.public().bearer(&admin(&program, folder.path()).await);
    let file = folder.path().join("keys.csv");
    let records = "sku,name,status,price,stock\nKEY-2,Two,active,100,9\nKEY-3,Three,active,100,5\n";
    std::fs::write(&file, records).expect("written");
    let file = file.to_str().expect("a path");
    let tried = run(&["import", file, "--dry-run"], folder.path(), "");
    let tried = String::from_utf8_lossy(&tried.stdout).into_owned();
    assert!(tried.contains("2 lines tried, 0 refused"), "{tried}");
    let stock = manager.get("/api/v1/inventory/KEY-2").await.expect(200).value();
    assert_eq!(stock["on_hand"], 4);
    let taken = run(&["import", file], folder.path(), "");
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));

    let report = String::from_utf8_lossy(&at_rest.stdout).into_owned();
    assert!(report.contains("2 lines, 1 refused") && report.contains("line 2"), "{report}");
    assert!(running.status.success(), "{}", String::from_utf8_lossy(&running.stderr));
    for (sku, on_hand) in [("KEY-1", 3), ("KEY-2", 9), ("KEY-3", 5)] {
        let stock = manager.get(&format!("/api/v1/inventory/{sku}")).await.expect(200).value();
        assert_eq!(stock["on_hand"], on_hand);
    }
    let exported = folder.path().join("all.csv");
    let export = || run(&["export", exported.to_str().expect("a path")], folder.path(), "");
    let told = String::from_utf8_lossy(&export().stdout).into_owned();
    assert!(told.ends_with("all.csv: 4 lines\n"), "{told}");
    let running = std::fs::read_to_string(&exported).expect("the file");
    assert_eq!(program.interrupt(), 0);
    assert!(export().status.success());
    assert_eq!(std::fs::read_to_string(&exported).expect("the file"), running);
}

#[tokio::test]
async fn a_lost_database_is_refused_and_not_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Program::start(folder.path()).interrupt(), 0);
    let orders = folder.path().join("orders.db");

    std::fs::write(&orders, "").expect("emptied");
    let emptied = run(&["up", "--listen", "127.0.0.1:0"], folder.path(), "");
    std::fs::remove_file(&orders).expect("removed");
    let removed = run(&["up", "--listen", "127.0.0.1:0"], folder.path(), "");

    for refused in [emptied, removed] {
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains("orders.db is missing"), "{told}");
    }
    assert!(!orders.exists());
}

#[tokio::test]
async fn a_newer_database_and_a_lost_secret_are_refused_and_no_shop_is_audited() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Program::start(folder.path()).interrupt(), 0);
    let newer = "UPDATE schema_migrations SET version = 98 + version WHERE set_name = 'orders'";
    alter(folder.path(), "orders", newer).await;

    let newer = refusal(&up(folder.path(), "127.0.0.1:0").output().expect("ended"));
    std::fs::remove_file(folder.path().join("secrets/guest-token.key")).expect("removed");
    let lost = refusal(&up(folder.path(), "127.0.0.1:0").output().expect("ended"));
    let nowhere = folder.path().join("nowhere");
    let audited = refusal(&run(&["audit"], &nowhere, ""));

    assert!(newer.contains("newer"), "{newer}");
    assert!(lost.contains("guest-token.key"), "{lost}");
    assert!(audited.contains("no shop") && !nowhere.exists(), "{audited}");
}

/// The one sentence that a failed program says.
pub fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_cannot_be_started_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Program::start(&folder.path().join("shop"));
    let taken = running.base.trim_start_matches("http://").to_owned();
    let corrupt = folder.path().join("corrupt");
    assert_eq!(Program::start(&corrupt).interrupt(), 0);
    std::fs::write(
        corrupt.join("catalog.db"),
        "this is no database, and long enough to be looked at".repeat(99),
    )
    .expect("written");
    std::fs::write(folder.path().join("file"), "").expect("written");
    let public = |command: &mut Command| command.output().expect("ended");

    for (output, says) in [
        (public(&mut up(&folder.path().join("shop"), "127.0.0.1:0")), "in use"),
        (public(&mut up(&folder.path().join("other"), &taken)), "--listen"),
        (public(&mut up(&folder.path().join("file"), "127.0.0.1:0")), "--data"),
        (public(&mut up(&corrupt, "127.0.0.1:0")), "catalog.db"),
        (public(&mut up(&folder.path().join("public"), "0.0.0.0:0")), "TECHTROVE_RATE_LIMIT"),
    ] {
        let sentence = refusal(&output);
        assert!(sentence.starts_with("techtrove: ") && sentence.contains(says), "{sentence}");
    }
    assert_eq!(running.interrupt(), 0);
}

/// Changes what a service keeps, behind its back.
pub async fn alter(folder: &Path, service: &str, statement: &'static str) {
    let file = folder.join(format!("{service}.db"));
    let url = format!("sqlite:{}", file.display());
    let db = Db::open(&url, DbOptions::default()).await.expect("opened");
    let altered = db.write("alter", move |tx| tx.execute(statement, p![])).await;
    assert!(altered.expect("altered") > 0, "{statement}");
    db.close().await;
}
