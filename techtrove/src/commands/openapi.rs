//! `techtrove openapi`: the document of the public API.

use crate::{settings::Settings, terminal::say};

/// Prints the document as JSON, for a shop with the default settings.
pub fn print_openapi() {
    let document = techtrove_gateway::document(&Settings::default().gateway());
    say(format!("{document:#}"));
}
