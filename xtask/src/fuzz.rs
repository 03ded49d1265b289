//! `cargo xtask fuzz`: starts the program on a folder of its own and lets schemathesis ask it whatever
//! its OpenAPI document allows. It must never touch a shop that somebody uses. What is expected of the
//! answers: `xtask/fuzz/schemathesis.toml`. Beside that, every operation must succeed at least once.

mod reached;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, ensure};

use self::reached::Reached;
use crate::{bench, tidy};

/// Whom the settings sign in, and with what. Known to everybody: the shop is thrown away.
const ADMIN: &str = "admin@example.com";
/// It is the one of the document's examples, so that the admin can change it.
const PASSWORD: &str = "plum-anchor-42-tide";

const MISSING: &str =
    "schemathesis is not here: pip install schemathesis, or name it with --schemathesis";

/// What is asked in which round: first the shop is used, then what takes a long chain that chance seldom
/// finds is asked by itself (a return is turned down, a review is edited and its vote taken back, an import is
/// cancelled), then orders are cancelled, which nobody can ship any more, then payments are voided while nobody
/// knows what became of them, which is soon, and users who have just come renew their tokens, then what is sold
/// is changed, which takes from the shelves what the examples buy, then roles are given, which may take the
/// fuzzer's own (before, it is the only administrator, whom nobody can disable), and last the fuzzer signs out.
const ROUNDS: [&[&str]; 10] = [
    &[
        "--exclude-operation-id=set_roles",
        "--exclude-operation-id=log_out",
        "--exclude-operation-id=end_session",
        "--exclude-operation-id=cancel_order",
        "--exclude-operation-id=edit_product",
        "--exclude-operation-id=archive_product",
        "--exclude-operation-id=set_stock",
        "--exclude-operation-id=adjust_stock",
    ],
    &[
        // It leads to orders that can be placed.
        "--include-operation-id=list_shipping_methods",
        "--include-operation-id=place_order",
        "--include-operation-id=ship_order",
        "--include-operation-id=deliver_order",
        "--include-operation-id=ask_return",
        "--include-operation-id=reject_return",
        "--phases=stateful",
        "--max-time=60",
    ],
    &[
        "--include-operation-id=list_products",
        "--include-operation-id=write_review",
        "--include-operation-id=list_reviews",
        "--include-operation-id=get_review",
        "--include-operation-id=edit_review",
        "--include-operation-id=delete_review",
        "--include-operation-id=take_vote_back",
        "--phases=stateful",
        "--max-time=60",
    ],
    &[
        "--include-operation-id=import_products",
        "--include-operation-id=cancel_job",
        "--phases=stateful",
        "--max-time=30",
    ],
    &[
        "--include-operation-id=place_order",
        "--include-operation-id=cancel_order",
        // A chain of these tells no more, and waits for the provider that does not answer.
        "--phases=examples,coverage,fuzzing",
    ],
    &[
        "--include-operation-id=list_shipping_methods",
        "--include-operation-id=place_order",
        "--include-operation-id=void_payment",
        "--phases=stateful",
        "--max-time=60",
    ],
    &[
        "--include-operation-id=register",
        "--include-operation-id=refresh",
        "--phases=stateful",
        "--max-time=30",
    ],
    &["--include-tag=catalog", "--include-tag=inventory"],
    &["--include-operation-id=register", "--include-operation-id=set_roles"],
    &[
        "--include-operation-id=list_sessions",
        "--include-operation-id=end_session",
        "--include-operation-id=log_out",
    ],
];

/// Ask the API whatever its document allows
///
/// Builds the program, starts it on a temporary folder and a free port, and runs schemathesis with
/// xtask/fuzz/schemathesis.toml: all phases, signed in as an admin. Tells which statuses each operation
/// answered with, and fails when one never succeeded that needs neither a signature, a mailed secret nor
/// somebody else.
/// Needs schemathesis 4 (`pip install schemathesis`).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask fuzz                                 a few minutes
  cargo xtask fuzz --examples 100                  more of each operation
  cargo xtask fuzz -- --phases stateful            what follows `--` goes to schemathesis")]
pub struct Arguments {
    /// How many requests of each operation are made up
    #[arg(long, default_value_t = 20)]
    examples: u32,
    /// The program
    #[arg(long, value_name = "FILE", default_value = "schemathesis")]
    schemathesis: PathBuf,
    /// More for schemathesis
    #[arg(last = true)]
    more: Vec<String>,
}

/// A shop that ends with its value.
struct Shop(Child);

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have ended by itself, which the fuzzer has then reported.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds, starts and asks.
///
/// # Errors
/// When schemathesis is not installed, the program does not start, or an answer was wrong.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let known = Command::new(&arguments.schemathesis).arg("--version").output();
    ensure!(known.is_ok_and(|output| output.status.success()), MISSING);
    let root = tidy::root();
    let mut build = Command::new("cargo");
    build.args(["build", "--package", "techtrove"]).current_dir(&root);
    let status = build.status().context("cannot start cargo")?;
    ensure!(status.success(), "the build failed ({status})");
    let target = bench::target_folder()?;
    let (program, folder) = (target.join("debug/techtrove"), target.join("fuzz"));
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot remove the last run's folder")?;
    }
    fs::create_dir_all(&folder).context("cannot make a folder")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let shop = start(&program, &folder, port)?;
    create_admin(&program, &folder)?;
    import(&program, &folder, &root)?;
    let outcome = ask(arguments, &folder, &root, port);
    drop(shop);
    outcome
}

/// Makes the admin whom schemathesis signs in as.
fn create_admin(program: &Path, folder: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(program)
        .args(["admin", "create", "--email", ADMIN, "--data"])
        .arg(folder)
        .stdin(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut input = command.stdin.take().context("the command has no input")?;
    writeln!(input, "{PASSWORD}")?;
    drop(input);
    let status = command.wait()?;
    ensure!(status.success(), "techtrove admin create ended with {status}");
    Ok(())
}

/// What the document's examples buy, so that their orders are placed.
fn import(program: &Path, folder: &Path, root: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.arg("import").arg(root.join("xtask/fuzz/products.jsonl")).arg("--data").arg(folder);
    let status = command.status().context("cannot start the import")?;
    ensure!(status.success(), "techtrove import ended with {status}");
    Ok(())
}

/// Starts the shop, and waits until it has said all that it says when it is ready.
fn start(program: &Path, folder: &Path, port: u16) -> anyhow::Result<Shop> {
    let log = fs::File::create(folder.join("fuzz.log")).context("cannot write the shop's log")?;
    let mut process = Command::new(program)
        .args(["up", "--no-demo", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(folder)
        .env("TECHTROVE_RATE_LIMIT", "off")
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let output = process.stdout.take().context("the shop has no output")?;
    let shop = Shop(process);
    let mut summary = BufReader::new(output).lines().map_while(Result::ok);
    let ready = summary.any(|line| line.trim_start().starts_with("stop"));
    ensure!(ready, "the shop did not start; fuzz.log in {} says why", folder.display());
    Ok(shop)
}

/// Asks in all rounds, and tells what was reached.
fn ask(arguments: &Arguments, folder: &Path, root: &Path, port: u16) -> anyhow::Result<()> {
    let mut reached = Reached::default();
    let mut clean = true;
    for (number, round) in ROUNDS.iter().enumerate() {
        let report = folder.join(format!("report-{number}.ndjson"));
        let status = Command::new(&arguments.schemathesis)
            .args(["--config-file", "xtask/fuzz/schemathesis.toml", "run"])
            .arg(format!("http://127.0.0.1:{port}/api/v1/openapi.json"))
            .args(["--max-examples", &arguments.examples.to_string()])
            .args(["--report", "ndjson", "--report-ndjson-path"])
            .arg(&report)
            .args(*round)
            .args(&arguments.more)
            .env("TECHTROVE_FUZZ_PASSWORD", PASSWORD)
            .current_dir(root)
            .status()
            .context("cannot start schemathesis")?;
        clean &= status.success();
        reached.read(&report)?;
    }
    println!("\n{reached}");
    ensure!(clean, "schemathesis found what is written above");
    let missed = reached.missed();
    ensure!(missed.is_empty(), "these never succeeded: {}", missed.join(", "));
    Ok(())
}
