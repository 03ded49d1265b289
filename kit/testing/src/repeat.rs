//! How often a test does over what takes chance to go wrong.

/// The variable that asks for more.
const VARIABLE: &str = "TECHTROVE_TEST_REPEAT";

/// How often: once, or as often as the environment asks for.
///
/// # Panics
/// When the environment's is no number.
#[must_use]
pub fn repetitions() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch, not a setting")]
    match std::env::var(VARIABLE) {
        Ok(text) => text.parse().expect("TECHTROVE_TEST_REPEAT is a number"),
        Err(_) => 1,
    }
}
