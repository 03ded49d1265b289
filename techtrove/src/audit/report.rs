//! What an audit found.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::rule::Rule;

/// So many differences of a rule are listed: where one service's books are lost, all of another's differ.
const LISTED: u64 = 1_000;

/// What was checked, and every discrepancy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What was checked.
    pub checked: Vec<Checked>,
    /// The discrepancies: of each rule a thousand.
    pub differences: Vec<Difference>,
    /// How many there are of each rule that is broken, listed or not.
    pub broken: BTreeMap<Rule, u64>,
}

/// So many of something were checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// What: `orders`.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// Two books that do not agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// Which rule is broken: `stock_movements`.
    pub rule: Rule,
    /// Of what: a SKU, an order, a payment.
    pub object: String,
    /// What the books say.
    pub detail: String,
}

impl Report {
    pub(super) fn count(&mut self, what: &str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.checked.push(Checked { what: what.to_owned(), count });
    }

    /// Adds what another part of the same audit found.
    pub(super) fn append(&mut self, part: Self) {
        self.checked.extend(part.checked);
        let mut listed = self.broken.clone();
        for difference in part.differences {
            let count = listed.entry(difference.rule).or_default();
            *count += 1;
            if *count <= LISTED {
                self.differences.push(difference);
            }
        }
        for (rule, count) in part.broken {
            *self.broken.entry(rule).or_default() += count;
        }
    }

    /// How many discrepancies there are, listed or not.
    #[must_use]
    pub fn count_differences(&self) -> u64 {
        self.broken.values().sum()
    }

    /// The same report with only the listed differences that are `wanted`, and with those that are not listed where
    /// there were some `before` too.
    pub(super) fn retain(&mut self, before: &Self, wanted: impl Fn(&Difference) -> bool) {
        let unlisted = |rule: &Rule, count: u64| {
            let before = before.broken.get(rule).copied().unwrap_or(0);
            count.min(before).saturating_sub(LISTED)
        };
        self.broken =
            self.broken.iter().map(|(rule, count)| (*rule, unlisted(rule, *count))).collect();
        self.differences.retain(wanted);
        for difference in &self.differences {
            *self.broken.entry(difference.rule).or_default() += 1;
        }
        self.broken.retain(|_, count| *count > 0);
    }

    /// Notes a difference unless `agrees`.
    pub(super) fn expect(
        &mut self,
        agrees: bool,
        rule: Rule,
        object: impl fmt::Display,
        detail: impl FnOnce() -> String,
    ) {
        if agrees {
            return;
        }
        let count = self.broken.entry(rule).or_default();
        *count += 1;
        if *count <= LISTED {
            let difference = Difference { rule, object: object.to_string(), detail: detail() };
            self.differences.push(difference);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Checked { what, count } in &self.checked {
            writeln!(f, "{count:>10} {what} checked")?;
        }
        for Difference { rule, object, detail } in &self.differences {
            writeln!(f, "DIFFERENCE {rule}: {object}: {detail}")?;
        }
        for (rule, count) in &self.broken {
            let listed = self.differences.iter().filter(|it| it.rule == *rule).count();
            match count.saturating_sub(u64::try_from(listed).unwrap_or(u64::MAX)) {
                0 => {}
                more => writeln!(f, "DIFFERENCE {rule}: {more} more")?,
            }
        }
        match self.count_differences() {
            0 => writeln!(f, "the books agree"),
            count => writeln!(f, "{count} differences"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(times: u64) -> Report {
        let mut report = Report::default();
        for number in 0..times {
            report.expect(false, Rule::OrderMoney, number, || "captured".to_owned());
        }
        report
    }

    #[test]
    fn of_many_differences_some_are_listed_and_all_are_counted() {
        let report = broken(LISTED + 7);

        assert_eq!(report.count_differences(), LISTED + 7);
        let (text, listed) = (report.to_string(), report.differences.len());
        assert_eq!(u64::try_from(listed), Ok(LISTED));
        assert!(text.ends_with("DIFFERENCE order_money: 7 more\n1007 differences\n"), "{text}");
    }

    #[test]
    fn parts_are_listed_together() {
        let (mut report, part) = (broken(LISTED - 1), broken(5));

        report.append(part);

        let listed = u64::try_from(report.differences.len());
        assert_eq!((listed, report.count_differences()), (Ok(LISTED), LISTED + 4));
    }

    #[test]
    fn what_is_not_listed_stands_when_it_was_there_before() {
        let (one, few, many) = (broken(1), broken(LISTED), broken(LISTED + 7));
        let standing = |before: &Report, after: &Report| {
            let mut after = after.clone();
            after.retain(before, |difference| before.differences.contains(difference));
            after.count_differences()
        };

        assert_eq!(standing(&many, &many), LISTED + 7);
        assert_eq!(standing(&few, &many), LISTED);
        assert_eq!(standing(&many, &few), LISTED);
        assert_eq!(standing(&one, &many), 1);
        assert_eq!(standing(&broken(0), &many), 0);
    }
}
