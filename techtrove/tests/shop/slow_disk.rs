//! The program under fire on a slow disk: each `fsync` and `fdatasync` takes 5 ms more. That changes how much is
//! sold until it is killed, and nothing else. The program is the one that all run; what is slow stands
//! between it and libc (`slow_disk.c`), and counts, so that a disk that was never asked fails the test.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use techtrove_testing::repetitions;

use crate::program::{Program, up};
use crate::under_fire::{CUSTOMERS, survive};

/// How often the program is killed, times `TECHTROVE_TEST_REPEAT`.
const KILLS: usize = 4;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shop/slow_disk.c");

/// What makes disks slow.
struct SlowDisk {
    library: PathBuf,
    count: PathBuf,
}

impl SlowDisk {
    /// Compiled into this folder; none where there is no C compiler.
    fn build(folder: &Path) -> Option<Self> {
        let (library, count) = (folder.join("slow_disk.so"), folder.join("synchronisations"));
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-Wall", "-Werror", SOURCE, "-o"]).arg(&library);
        match compiler.status() {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            compiled => {
                assert!(compiled.expect("started").success(), "{SOURCE}");
                Some(Self { library, count })
            }
        }
    }

    /// Starts the program on it.
    fn start(&self, folder: &Path) -> Program {
        let mut command = up(folder, "127.0.0.1:0");
        command.env("LD_PRELOAD", &self.library).env("SLOW_DISK_COUNT", &self.count);
        Program::run(command)
    }

    /// How often a file was synchronised.
    fn synchronised(&self) -> u64 {
        std::fs::metadata(&self.count).map_or(0, |count| count.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_slow_disk_it_is_slow_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = SlowDisk::build(folder.path()) else {
        // Past the test harness, which would keep it to itself.
        let notice = b"*** SKIPPED: the program on a slow disk, because there is no C compiler\n";
        std::io::stderr().write_all(notice).expect("standard error is open");
        return;
    };

    let sold = survive(KILLS * repetitions(), |folder| disk.start(folder)).await;

    let synchronised = disk.synchronised();
    assert!(sold > 0 && synchronised * CUSTOMERS >= sold, "{synchronised} for {sold} orders");
}
