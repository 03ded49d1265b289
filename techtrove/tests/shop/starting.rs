//! What is wrong with a data folder is told at the start in one sentence, and nothing is started, or made
//! anew, on it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use techtrove_db::testing::damage_page;

use crate::program::{self, Program, alter, refusal, run, up};

/// Whose the files are that root makes for others to fail on.
const NOBODY: u32 = 65_534;

/// A shop that was started once and is at rest.
fn shop(folder: &Path) -> PathBuf {
    assert_eq!(Program::start(folder).interrupt(), 0);
    folder.to_owned()
}

/// Why the program does not start on the folder.
fn refused(folder: &Path) -> String {
    let told = refusal(&up(folder, "127.0.0.1:0").output().expect("ended"));
    assert!(told.starts_with("techtrove: "), "{told}");
    told
}

#[tokio::test]
async fn a_damaged_page_is_told_before_anybody_can_buy() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = shop(folder.path()).join("catalog.db");
    let whole = fs::read(&catalog).expect("read");
    let pages = u64::try_from(whole.len()).expect("small") / 4_096;

    for page in [2, pages / 2, pages] {
        fs::write(&catalog, &whole).expect("as it was");
        damage_page(&catalog, page);
        let told = refused(folder.path());
        assert!(told.contains("catalog.db") && told.contains("restore a backup"), "{told}");
    }
    fs::write(&catalog, &whole).expect("as it was");
    assert_eq!(Program::start(folder.path()).interrupt(), 0);
}

#[tokio::test]
async fn a_start_ends_when_the_look_through_a_large_file_finds_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let orders = shop(folder.path()).join("orders.db");
    let large = "INSERT INTO idempotency_keys (scope_hash, fingerprint, created_at, answer_status, \
                 answer_body) VALUES (zeroblob(32), zeroblob(32), 9000000000000000, 201, \
                 zeroblob(4000000))";
    alter(folder.path(), "orders", large).await;
    let pages = fs::metadata(&orders).expect("there").len() / 4_096;

    damage_page(&orders, pages - 100);

    let told = refused(folder.path());
    assert!(told.contains("database orders is damaged") && told.contains("backup"), "{told}");
}

#[tokio::test]
async fn a_shop_without_the_right_to_write_is_refused() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("shop");
    let (program, user) = mortal(parent.path());
    let start = || {
        let mut command = Command::new(&program);
        command.args(["up", "--no-demo", "--listen", "127.0.0.1:0", "--data"]).arg(&folder);
        if user != 0 {
            command.uid(user).gid(user);
        }
        command
    };
    fs::create_dir(&folder).expect("made");
    give(&folder, user);
    // Killed, so that the logs stay.
    Program::run(start()).kill();

    for (file, says) in [
        ("orders.db", "orders.db"),
        ("orders.db-wal", "orders.db"),
        ("orders.db-shm", "orders.db"),
        ("lock", "the data folder"),
        ("", "the data folder"),
    ] {
        let path = folder.join(file);
        let before = fs::metadata(&path).expect("there").permissions();
        fs::set_permissions(&path, Permissions::from_mode(before.mode() & 0o555)).expect("set");
        let told = refusal(&start().output().expect("ended"));
        assert!(told.starts_with("techtrove: ") && told.contains(says), "{file}: {told}");
        fs::set_permissions(&path, before).expect("set");
    }
    Program::run(start()).kill();
}

/// The program for a user whom permissions hold back, and who that is where it is another one: root runs it
/// as nobody, out of a folder that nobody can come at.
fn mortal(parent: &Path) -> (PathBuf, u32) {
    if fs::metadata(parent).expect("there").uid() != 0 {
        return (program::path().into(), 0);
    }
    let program = parent.join("techtrove");
    fs::set_permissions(parent, Permissions::from_mode(0o755)).expect("set");
    let linked = fs::hard_link(program::path(), &program);
    linked.or_else(|_| fs::copy(program::path(), &program).map(drop)).expect("copied");
    (program, NOBODY)
}

/// Gives the folder to a user; 0: it stays one's own.
fn give(folder: &Path, user: u32) {
    if user != 0 {
        chown(folder, Some(user), Some(user)).expect("given");
    }
}

#[tokio::test]
async fn a_command_begins_no_shop_where_there_is_none() {
    let parent = tempfile::tempdir().expect("a folder");
    let nowhere = parent.path().join("mispelt");
    let file = parent.path().join("products.ndjson");
    fs::write(&file, "").expect("written");
    let file = file.to_str().expect("a path");
    let admin = ["admin", "create", "--email", "ada@example.com"];

    for arguments in
        [&["import", file][..], &["export", file], &["backup", file], &["audit"], &admin]
    {
        let told = refusal(&run(arguments, &nowhere, "a long secret of mine\n"));
        let says = told.contains("there is no shop") && told.contains("techtrove up --data");
        assert!(says && !nowhere.exists(), "{told}");
    }
}

#[tokio::test]
async fn tables_that_a_newer_program_made_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    shop(folder.path());
    let newer = "INSERT INTO schema_migrations (set_name, version, checksum, applied_at) \
                 VALUES ('loyalty', 1, '', 0)";
    alter(folder.path(), "payments", newer).await;

    let told = refused(folder.path());

    assert!(told.contains("payments holds tables of loyalty") && told.contains("newer"), "{told}");
}

#[tokio::test]
async fn a_database_whose_newest_part_was_removed_after_a_crash_is_not_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    Program::start(folder.path()).kill();
    let (log, away) = (folder.path().join("orders.db-wal"), folder.path().join("away"));
    fs::rename(&log, &away).expect("there after a crash");
    let orders = fs::read(folder.path().join("orders.db")).expect("read");

    for damaged in [None, Some("no log of SQLite's")] {
        damaged.into_iter().for_each(|text| fs::write(&log, text).expect("written"));
        let told = refused(folder.path());
        assert!(told.contains("database orders holds nothing") && told.contains("-wal"), "{told}");
    }
    assert_eq!(fs::read(folder.path().join("orders.db")).expect("read"), orders, "as it was");
    fs::rename(&away, &log).expect("back");
    assert_eq!(Program::start(folder.path()).interrupt(), 0);
}

#[tokio::test]
async fn a_database_that_belongs_elsewhere_is_named() {
    let parent = tempfile::tempdir().expect("a folder");
    let [here, there] = ["here", "there"].map(|name| shop(&parent.path().join(name)));
    let payments = here.join("payments.db");
    let own = fs::read(&payments).expect("read");

    fs::copy(there.join("payments.db"), &payments).expect("copied");
    let another_shops = refused(&here);
    fs::copy(here.join("orders.db"), &payments).expect("copied");
    let another_services = refused(&here);
    fs::write(&payments, own).expect("as it was");

    assert!(another_shops.contains("payments is of another shop"), "{another_shops}");
    assert!(another_services.contains("payments holds the tables of"), "{another_services}");
    assert_eq!(Program::start(&here).interrupt(), 0);
}

#[tokio::test]
async fn a_secret_that_is_damaged_or_open_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    shop(folder.path());
    for file in ["access-token-signing.key", "guest-token.key"] {
        let path = folder.path().join("secrets").join(file);
        let own = fs::read(&path).expect("read");
        for damaged in [&b""[..], b"short", &own[..20], &[0xff; 44]] {
            fs::write(&path, damaged).expect("written");
            let told = refused(folder.path());
            assert!(told.contains(file) && told.contains("damaged"), "{told}");
        }
        fs::write(&path, own).expect("as it was");
    }
    let path = folder.path().join("secrets/guest-token.key");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("set");
    assert!(refused(folder.path()).contains("chmod 600"));
}
