//! The audit: reads the books of all services through their internal pages and checks them against
//! each other. It shares no rule with the services it checks, and changes nothing. Few entries are in memory at
//! a time (`pages.rs`). The checks themselves are plain functions in `checks/`.

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
        if found.report.count_differences() == 0 {
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

/// The later report with only those differences that stood in the earlier one: between books that are
/// read one after the other, word for word, for what has moved meanwhile is still at work; in what is read at
/// one moment, whatever the numbers are by now, for a shop that sells moves them and does not mend them.
fn standing(earlier: &Report, mut later: Report) -> Report {
    let before: BTreeSet<_> = earlier.differences.iter().map(identity).collect();
    later.retain(earlier, |difference| before.contains(&identity(difference)));
    later
}

fn identity(difference: &Difference) -> (Rule, &str, Option<&str>) {
    let Difference { rule, object, detail } = difference;
    (*rule, object, (!rule.is_read_at_once()).then_some(detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(differences: &[(Rule, &str, &str)]) -> Report {
        let mut report = Report::default();
        for &(rule, object, detail) in differences {
            report.expect(false, rule, object, || detail.to_owned());
        }
        report
    }

    #[test]
    fn what_is_read_at_once_stands_though_its_numbers_move() {
        let earlier = report(&[
            (Rule::StockHeld, "A", "held is 3, the reservations hold 2"),
            (Rule::StockHeld, "B", "held is 1, the reservations hold 0"),
            (Rule::EventUnsent, "orders", "7 events wait"),
            (Rule::OrderMoney, "ord_1", "authorized"),
            (Rule::OrderMoney, "ord_2", "authorized"),
        ]);
        let later = report(&[
            (Rule::StockHeld, "A", "held is 9, the reservations hold 8"),
            (Rule::EventUnsent, "orders", "12 events wait"),
            (Rule::OrderMoney, "ord_1", "captured"),
            (Rule::OrderMoney, "ord_2", "authorized"),
        ]);

        let left: Vec<String> = standing(&earlier, later)
            .differences
            .into_iter()
            .map(|difference| difference.object)
            .collect();

        assert_eq!(left, ["A", "orders", "ord_2"]);
    }
}
