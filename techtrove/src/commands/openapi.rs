//! `techtrove openapi`: the document of the public API, from the routes that run.

use crate::terminal::say;
use crate::{error::ProgramError, shop};

/// Prints the document as JSON.
///
/// # Errors
/// When the shop cannot be built in memory.
pub async fn print_openapi() -> Result<(), ProgramError> {
    let document = shop::openapi().await?;
    say(document.to_pretty_json().map_err(ProgramError::request)?);
    Ok(())
}
