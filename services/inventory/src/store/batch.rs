//! Statements that go to the database together, in one round trip where the engine can do that.

use techtrove_db::{DbError, Params, Sql, Tx};

/// Statements that each change exactly one row.
#[derive(Clone, Debug, Default)]
pub struct Batch<'a>(Vec<(Sql, Params<'a>)>);

impl<'a> Batch<'a> {
    /// Adds a statement with its values.
    pub(super) fn push(&mut self, statement: Sql, values: Params<'a>) {
        self.0.push((statement, values));
    }

    /// Runs the statements in order; `false` when one of them did not find its row, and then the
    /// transaction must not be committed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        if self.0.is_empty() {
            return Ok(true);
        }
        let changed = tx.execute_many(&self.0)?;
        Ok(usize::try_from(changed).is_ok_and(|changed| changed == self.0.len()))
    }
}
