//! The audit: reads the books of all services through their internal pages and checks them against
//! each other. It shares no rule with the services it checks, and changes nothing. Few entries are in memory at
//! a time (`pages.rs`). The checks themselves are plain functions in `checks.rs`.

mod books;
mod checks;
mod pages;
mod report;
mod rule;
mod walk;

pub use books::Books;
pub use report::{Checked, Difference, Report};
pub use rule::Rule;

use std::collections::BTreeSet;
use std::time::Duration;

use techtrove_core::Problem;

use walk::Found;

/// How long work under way is given between two reads, and how many reads a difference must stand in.
const BETWEEN_READS: Duration = Duration::from_secs(15);
const READS: usize = 3;

/// Whether the shop goes on while it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Books are read one after the other while orders move on: only what stands counts.
    Running,
    /// Nobody asks anything of it: once what was left to do is done, its books stand.
    AtRest,
}

/// Checks the books.
///
/// # Errors
/// When a book cannot be read.
pub async fn audit(books: &Books, mode: Mode) -> Result<Report, Problem> {
    let mut found = walk::walk(books).await?;
    for _ in 1..READS {
        if found.report.differences.is_empty() {
            break;
        }
        if mode == Mode::Running || found.has_work {
            tokio::time::sleep(BETWEEN_READS).await;
        }
        let later = walk::walk(books).await?;
        found = Found { report: standing(&found.report, later.report), ..later };
    }
    Ok(found.report)
}

/// The later report with only those differences that stood in the earlier one, word for word: what
/// has moved meanwhile is still at work.
fn standing(earlier: &Report, mut later: Report) -> Report {
    let before: BTreeSet<&Difference> = earlier.differences.iter().collect();
    later.differences.retain(|difference| before.contains(difference));
    later
}
