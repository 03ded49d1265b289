//! Texts that people write into a request.

use techtrove_core::Problem;

/// 422 for a text that is blank, too long, or has characters that nobody sees.
///
/// # Errors
/// With `pointer`.
pub(super) fn check(pointer: &str, text: &str, most: usize) -> Result<(), Problem> {
    let length = text.chars().count();
    if length > most || text.trim().is_empty() || text.chars().any(char::is_control) {
        let detail =
            format!("1 to {most} characters, not blank and none of them a control character");
        return Err(Problem::invalid_field(pointer, detail));
    }
    Ok(())
}
