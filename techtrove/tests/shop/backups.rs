//! Backups: taken while the shop sells, restored, and refused when they are not whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tokio::sync::mpsc::Receiver;

use crate::program::{self, Program, import, import_line, refusal, run, shop_on};

/// Folders of one test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn of(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Copies the data of a shop, running or not.
pub fn back_up(data: &Path, to: &Path) -> Output {
    run(&["backup", to.to_str().expect("a path")], data, "")
}

/// Makes a data folder of a backup.
pub fn restore(from: &Path, data: &Path) -> Output {
    run(&["restore", from.to_str().expect("a path")], data, "")
}

/// Whether a command of the program did what it was asked to.
pub fn succeeded(output: &Output) {
    let (said, why) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{why}");
}

/// A shop in `data` that sells one thing.
fn open_shop(data: &Path) -> Program {
    fs::create_dir(data).expect("made");
    let program = Program::start(data);
    succeeded(&import(data, &[import_line("KEY-1", 100_000)]));
    program
}

async fn take(receiver: &mut Receiver<Value>, count: usize) -> Vec<Value> {
    let mut orders = Vec::new();
    while orders.len() < count {
        orders.push(receiver.recv().await.expect("orders come"));
    }
    orders
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_under_load_has_every_order_of_before_and_its_books_agree() {
    let place = Place::new();
    let (data, restored) = (place.of("data"), place.of("restored"));
    let shop = open_shop(&data);
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Value>(100_000);
    let shoppers: Vec<_> =
        (0..16).map(|_| tokio::spawn(shop_on(shop.base.clone(), sender.clone()))).collect();
    drop(sender);
    let mut before = Vec::new();

    for number in 0..3 {
        before.extend(take(&mut receiver, 60).await);
        while let Ok(order) = receiver.try_recv() {
            before.push(order);
        }
        succeeded(&back_up(&data, &place.of(&format!("backup-{number}"))));
    }
    let again = back_up(&data, &place.of("backup-2"));
    shop.kill();
    for shopper in shoppers {
        shopper.await.expect("ends with the connection");
    }
    succeeded(&restore(&place.of("backup-2"), &restored));
    let second = Program::start(&restored);

    assert!(refusal(&again).contains("not empty"), "{}", refusal(&again));
    for order in &before {
        let path = format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"));
        let token = order["guest_token"].as_str().expect("a token");
        let found = second.public().get(&path).header("x-guest-token", token).await;
        assert_eq!(found.expect(200).value()["status"], "confirmed");
    }
    succeeded(&run(&["audit"], &restored, ""));
    assert_eq!(second.interrupt(), 0);
    for number in 0..2 {
        let other = place.of(&format!("restored-{number}"));
        succeeded(&restore(&place.of(&format!("backup-{number}")), &other));
        succeeded(&run(&["audit"], &other, ""));
    }
}

/// What is done to a file of a backup.
type Damage = fn(&Path);

#[tokio::test]
async fn half_a_backup_is_refused_and_leaves_the_data_folder_as_it_was() {
    let place = Place::new();
    let (data, backup, restored) = (place.of("data"), place.of("backup"), place.of("restored"));
    assert_eq!(open_shop(&data).interrupt(), 0);
    succeeded(&back_up(&data, &backup));
    let damages: [(&str, Damage); 4] = [
        ("payments.db", |file| fs::remove_file(file).expect("removed")),
        ("orders.db", |file| {
            let length = fs::metadata(file).expect("there").len();
            let file = fs::OpenOptions::new().write(true).open(file).expect("opened");
            file.set_len(length - 1).expect("cut");
        }),
        ("secrets/guest-token.key", |file| fs::write(file, "another").expect("written")),
        ("manifest.json", |file| fs::remove_file(file).expect("removed")),
    ];

    for (name, damage) in damages {
        let file = backup.join(name);
        let whole = fs::read(&file).expect("read");
        damage(&file);
        let refused = refusal(&restore(&backup, &restored));
        let expected = if name == "manifest.json" { "no manifest" } else { name };
        assert!(refused.contains(expected), "{name}: {refused}");
        assert!(!restored.exists(), "{name}");
        fs::write(&file, whole).expect("mended");
    }
    let occupied = refusal(&restore(&backup, &data));
    succeeded(&restore(&backup, &restored));

    assert!(occupied.contains("not empty"), "{occupied}");
    assert_eq!(Program::start(&restored).interrupt(), 0);
    succeeded(&run(&["audit"], &restored, ""));
}

#[tokio::test]
async fn a_backup_that_is_killed_is_whole_or_refused() {
    let place = Place::new();
    let data = place.of("data");
    let shop = open_shop(&data);

    for number in 0..8_u32 {
        let (backup, restored) = (place.of(&format!("b{number}")), place.of(&format!("r{number}")));
        let mut command = Command::new(program::path());
        command.arg("backup").arg(&backup).arg("--data").arg(&data).stdout(Stdio::null());
        let mut process = command.spawn().expect("started");
        // Killed when so many files are there, or at its end.
        while process.try_wait().expect("a process").is_none() && files(&backup) < number {
            tokio::task::yield_now().await;
        }
        process.kill().expect("killed");
        process.wait().expect("ended");

        let whole = backup.join("manifest.json").exists();
        let outcome = restore(&backup, &restored);
        assert_eq!(outcome.status.success(), whole, "{}", String::from_utf8_lossy(&outcome.stderr));
        assert_eq!(restored.exists(), whole);
    }
    assert_eq!(shop.interrupt(), 0);
}

fn files(folder: &Path) -> u32 {
    fs::read_dir(folder).map_or(0, |entries| entries.count().try_into().unwrap_or(u32::MAX))
}
