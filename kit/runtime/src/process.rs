//! What the process asks of the operating system before anything else. All of it is a wish: where it
//! is not granted, the program works all the same.

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
