//! Which machine the figures belong to, with the time of one `fdatasync`: every acknowledged change
//! waits for one.

use std::fmt;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::time::Instant;

use serde::Serialize;

/// The machine.
#[derive(Debug, Serialize)]
pub struct Machine {
    processor: String,
    cores: usize,
    memory_mib: u64,
    kernel: String,
    fdatasync_us: f64,
}

/// Looks at the machine.
///
/// # Errors
/// When a temporary file cannot be written.
pub fn describe() -> anyhow::Result<Machine> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes =
        field(&meminfo, "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse().ok());
    Ok(Machine {
        processor: field(&cpuinfo, "model name").unwrap_or_else(|| "unknown".into()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mib: kilobytes.unwrap_or(0_u64) / 1024,
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().into(),
        fdatasync_us: fdatasync_us()?,
    })
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// The median of 200 writes of 4 KiB, each synced, in microseconds.
///
/// # Errors
/// When a temporary file cannot be written.
pub fn fdatasync_us() -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join("probe"))?;
    let mut times = Vec::with_capacity(200);
    for _ in 0..200 {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[7; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64() * 1e6)
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_mib, kernel, fdatasync_us } = self;
        write!(
            f,
            "{processor}, {cores} cores, {memory_mib} MiB, Linux {kernel}, fdatasync {fdatasync_us:.0} µs"
        )
    }
}
