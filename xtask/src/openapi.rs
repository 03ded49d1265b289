//! `cargo xtask openapi`: writes the OpenAPI document that the gateway carries, from what the routes
//! describe. The test that compares the two writes it; it must say nothing that no route describes.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::tidy;

/// Write the OpenAPI document anew, after a route has changed
///
/// It is `edge/gateway/openapi.json`. A test fails as long as the routes describe themselves otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  cargo xtask openapi && git diff edge/gateway/openapi.json")]
pub struct Arguments {}

/// Builds the shop's tests and has the document written.
///
/// # Errors
/// When the build fails, or a service cannot be built.
pub fn run(_: &Arguments) -> anyhow::Result<()> {
    let status = Command::new("cargo")
        .args(["test", "--quiet", "--package", "techtrove", "--test", "shop", "--"])
        .args(["--exact", "public_face::the_document_is_what_the_routes_describe"])
        .env("TECHTROVE_WRITE_OPENAPI", "1")
        .current_dir(tidy::root())
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the document was not written ({status})");
    Ok(())
}
