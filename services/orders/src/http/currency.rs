//! The shop's one currency, in which every amount of a request is.

use techtrove_core::{Currency, FieldError, Problem, codes};

use crate::app::App;

/// Refuses the amount at `pointer` in another currency.
///
/// # Errors
/// `currency_mismatch`, with the place of the currency.
pub(super) fn check(app: &App, pointer: &str, currency: Currency) -> Result<(), Problem> {
    let ours = app.config.pricing.currency;
    if currency == ours {
        return Ok(());
    }
    let detail = format!("this shop's currency is {ours}");
    let errors = vec![FieldError::new(format!("{pointer}/currency"), detail.clone())];
    Err(Problem { errors, ..Problem::new(codes::CURRENCY_MISMATCH, detail) })
}
