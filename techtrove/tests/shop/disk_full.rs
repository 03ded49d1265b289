//! A disk without room: the kernel refuses every write to a file, for as long as the process' limit on the
//! size of files says so. Nothing is acknowledged then, nothing that was is lost, and the shop goes on by
//! itself once there is room again. (SQLite's own word for it, `SQLITE_FULL`: `kit/db/tests/conformance/files.rs`.)

use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::insistence::Customers;
use crate::program::{self, Program, import, import_line};

/// So many requests are refused while there is no room.
const REFUSED: u32 = 50;

#[tokio::test(flavor = "multi_thread")]
async fn without_room_it_refuses_and_with_room_it_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::run(up(folder.path()));
    assert!(import(folder.path(), &[import_line("DISK-1", 100_000)]).status.success());
    let customers = Customers::of(&program, "DISK-1");

    customers.buy().await;
    let room = getrlimit(Resource::Fsize);
    limit(&program, Rlimit { current: Some(0), ..room });
    customers.are_refused(REFUSED).await;
    program.public().get("/api/v1/products").await.expect(200);
    limit(&program, room);
    customers.buy().await;

    customers.find_all_as_told(program, folder.path()).await;
}

/// Starts the shop, deaf to the signal that comes with the limit: a full disk sends none.
fn up(folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#, program::path(), "up", "--no-demo"]);
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder);
    // Nobody reads what it says of each refusal.
    command.env("TECHTROVE_RATE_LIMIT", "off").stderr(Stdio::null());
    command
}

/// Lets no file of the program grow beyond this, from now on.
fn limit(program: &Program, size: Rlimit) {
    let process = i32::try_from(program.id()).ok().and_then(Pid::from_raw);
    prlimit(process, Resource::Fsize, size).expect("limited");
}
