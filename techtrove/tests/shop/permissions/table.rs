//! Reads `docs/permissions.md`.

use super::Who;

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever the answer is, it is no refusal of the caller, nor a failure.
    Allowed,
    /// Refused with this status.
    Refused(u16),
}

/// One operation.
#[derive(Debug)]
pub struct Row {
    pub operation: String,
    pub cells: Vec<(Who, Expected)>,
}

/// The statuses that refuse the caller.
const REFUSALS: [u16; 3] = [401, 403, 404];

impl Expected {
    fn read(cell: &str) -> Option<Self> {
        match cell {
            "yes" => Some(Self::Allowed),
            status => status.parse().ok().filter(|it| REFUSALS.contains(it)).map(Self::Refused),
        }
    }

    /// Whether an answer of this status is as expected.
    pub fn fits(self, status: u16) -> bool {
        match self {
            Self::Allowed => status < 500 && !REFUSALS.contains(&status),
            Self::Refused(expected) => status == expected,
        }
    }
}

/// All rows.
pub fn rows() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/permissions.md");
    let page = std::fs::read_to_string(path).expect("the table is there");
    page.lines().filter(|line| line.starts_with("| `")).map(row).collect()
}

fn row(line: &str) -> Row {
    let mut cells = line.trim_matches('|').split('|').map(str::trim);
    let operation = cells.next().expect("a first cell").trim_matches('`').to_owned();
    let expected: Vec<Expected> = cells
        .map(|cell| Expected::read(cell).unwrap_or_else(|| panic!("{cell} in {line}")))
        .collect();
    assert_eq!(expected.len(), Who::ALL.len(), "{line}");
    Row { operation, cells: Who::ALL.into_iter().zip(expected).collect() }
}
