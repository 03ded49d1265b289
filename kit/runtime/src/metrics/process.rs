//! The process's own figures, from `/proc`; where that is not there, they are left out.

use std::{fmt::Write as _, fs, time::Duration};

/// How many of the kernel's clock ticks `/proc` counts to a second, on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Adds the figures to `text`.
pub(super) fn render(text: &mut String, uptime: Duration) {
    let mut figure = |name: &str, kind: &str, value: f64| {
        // Writing to a string cannot fail.
        let _ = write!(text, "# TYPE {name} {kind}\n{name} {value}\n");
    };
    figure("process_uptime_seconds", "gauge", uptime.as_secs_f64());
    if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().and_then(|s| resident(&s)) {
        figure("process_resident_memory_bytes", "gauge", bytes);
    }
    if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().and_then(|s| cpu(&s)) {
        figure("process_cpu_seconds_total", "counter", seconds);
    }
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        let open = u32::try_from(entries.count()).unwrap_or(u32::MAX);
        figure("process_open_fds", "gauge", f64::from(open));
    }
}

/// `VmRSS` of `/proc/self/status`, in bytes.
fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u32 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(f64::from(kibibytes) * 1024.0)
}

/// User and system time of `/proc/self/stat`, in seconds. The second field, the program's name, may
/// contain anything, so counting begins behind its last bracket.
fn cpu(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut ticks = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u32>().ok());
    let (user, system) = (ticks.next()??, ticks.next()??);
    Some((f64::from(user) + f64::from(system)) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 1 2 3";

        assert_eq!(cpu(stat), Some(3.0));
        assert_eq!(resident("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2_097_152.0));
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        assert_eq!(cpu(""), None);
        assert_eq!(resident("VmRSS: many\n"), None);
    }
}
