//! The tour of the README, tried as a reader would try it: each of its blocks in one shell, on a demo
//! shop, with a `curl` that also tells how every call was answered.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::demo::{becomes, start};
use crate::program;

const README: &str = include_str!("../../../README.md");

/// What the tour asks a reader to have.
const TOOLS: [&str; 4] = ["bash", "curl", "jq", "awk"];

/// Writes the status of each call to standard error, behind a word to know it by.
const CURL: &str = "#!/bin/sh\nPATH=${PATH#*:}\nexec curl -w '%{stderr}answered %{http_code} %{method} %{url_effective}\\n' \"$@\"\n";

/// The commands of the tour, one block after the other.
fn commands() -> String {
    let (_, tour) = README.split_once("\n## A tour").expect("the README has a tour");
    let tour = tour.split("\n## ").next().expect("a section");
    let blocks: Vec<&str> = tour
        .split("\n```sh\n")
        .skip(1)
        .map(|block| block.split("\n```").next().expect("a block"))
        .collect();
    assert!(!blocks.is_empty());
    blocks.join("\n")
}

fn is_there(tool: &&str) -> bool {
    let mut ask = Command::new("sh");
    ask.args(["-c", "command -v \"$0\"", tool]).stdout(Stdio::null());
    ask.status().is_ok_and(|status| status.success())
}

/// Runs the commands where the reader of the README would, with the shop at `base` on `data`.
fn follow(commands: &str, base: &str, data: &Path) -> Output {
    let place = tempfile::tempdir().expect("a folder");
    let tools = place.path().join("tools");
    fs::create_dir(&tools).expect("made");
    fs::write(tools.join("curl"), CURL).expect("written");
    fs::set_permissions(tools.join("curl"), fs::Permissions::from_mode(0o700)).expect("allowed");
    let commands = format!("PATH=$TOOLS:$PATH\n{commands}")
        .replace("localhost:8080", base.trim_start_matches("http://"))
        .replace("cargo run --release --", program::path())
        .replace("techtrove-data", data.to_str().expect("a path"));
    Command::new("bash")
        .args(["-u", "-c", &commands])
        .current_dir(place.path())
        .env("TOOLS", &tools)
        .env("TECHTROVE_DATA", data)
        .output()
        .expect("run")
}

#[tokio::test]
async fn every_command_of_the_readmes_tour_works() {
    if let Some(missing) = TOOLS.iter().find(|tool| !is_there(tool)) {
        // `cargo xtask test` says so where nobody overlooks it.
        eprintln!("SKIPPED: the tour of the README needs {missing}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let shop = start(folder.path(), "127.0.0.1:0", &[]);
    becomes(folder.path(), "open").await;

    let output = follow(&commands(), &shop.base, folder.path());

    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let (answers, rest): (Vec<&str>, Vec<&str>) =
        complained.lines().partition(|line| line.starts_with("answered "));
    assert!(output.status.success(), "{complained}\n{said}");
    assert!(answers.len() >= 15, "{complained}");
    assert!(answers.iter().all(|line| line.starts_with("answered 2")), "{complained}\n{said}");
    assert!(rest.is_empty(), "{complained}");
    assert_eq!(shop.interrupt(), 0);
}
