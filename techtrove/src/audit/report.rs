//! What an audit found.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rule::Rule;

/// What was checked, and every discrepancy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What was checked.
    pub checked: Vec<Checked>,
    /// Every discrepancy.
    pub differences: Vec<Difference>,
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

    /// Notes a difference unless `agrees`.
    pub(super) fn expect(
        &mut self,
        agrees: bool,
        rule: Rule,
        object: impl fmt::Display,
        detail: impl FnOnce() -> String,
    ) {
        if !agrees {
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
        match self.differences.len() {
            0 => writeln!(f, "the books agree"),
            count => writeln!(f, "{count} differences"),
        }
    }
}
