//! What the process asks of the operating system, before anything else, and what it gives back. All of
//! it is a wish: where it is not granted, the program works all the same.

use std::{hint::black_box, time::Duration};

use crate::{Shutdown, Worker};

/// How often freed memory is given back.
const GIVE_BACK: Duration = Duration::from_secs(1);

/// A block of its own for the allocator, which shares smaller ones with others, in bytes.
const BLOCK: usize = 1 << 20;

/// Asks for as many open files as the process may have, since every client takes one, and for memory
/// in small pages: of huge ones, which the allocator would otherwise be given, most of each stays
/// empty and is resident all the same. To be called once, first of all.
pub fn settle_in() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let files = getrlimit(Resource::Nofile);
    if files.current != files.maximum {
        let most = Rlimit { current: files.maximum, ..files };
        if let Err(error) = setrlimit(Resource::Nofile, most) {
            tracing::debug!(%error, "the number of open files stays as it was");
        }
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "huge pages stay in use");
    }
}

/// Gives freed memory back to the system while the process is idle. The allocator, mimalloc, does so
/// whenever a block is freed a second or more after the memory was; a process that does nothing frees
/// none, and would keep what its start took. So a block is taken, not touched, and freed.
#[must_use]
pub fn give_memory_back() -> Worker {
    Worker::new("give memory back", |shutdown: Shutdown| async move {
        while shutdown.pause(GIVE_BACK).await {
            drop(black_box(Vec::<u8>::with_capacity(BLOCK)));
        }
    })
}

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn as_many_files_as_may_be() {
        super::settle_in();

        let files = getrlimit(Resource::Nofile);
        assert_eq!(files.current, files.maximum);
    }
}
