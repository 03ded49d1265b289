//! `techtrove admin create`: the owner of the data folder makes an administrator.

use std::io::BufRead as _;

use axum::body::Body;
use http::{Method, Request, header};
use serde::Deserialize;

use crate::terminal::say;
use crate::{cli::CreateAdmin, error::ProgramError, session::Session};

/// The longest line that is read as a password.
const LONGEST_LINE: u64 = 1_024;

#[derive(Deserialize)]
struct Created {
    user_id: techtrove_identity_api::UserId,
}

/// Makes the administrator and prints their id.
///
/// # Errors
/// When the password or the address is refused, or the folder cannot be used.
pub async fn create_admin(options: CreateAdmin) -> Result<(), ProgramError> {
    let password = read_password()?;
    let body = serde_json::json!({
        "email": options.email, "name": options.name, "password": password,
    });
    let session = Session::open(&options.folder.data).await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/internal/identity/admins")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .map_err(ProgramError::request)?;
    let created: Result<Created, _> = session.operator().call(request).await;
    session.close().await;
    say(format_args!("administrator {} ({}) created", created?.user_id, options.email.as_str()));
    Ok(())
}

/// One line from standard input, without its end.
fn read_password() -> Result<String, ProgramError> {
    use std::io::{IsTerminal as _, Read as _};
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("password, then Enter:");
    }
    let mut line = String::new();
    input.lock().take(LONGEST_LINE).read_line(&mut line).map_err(ProgramError::StandardInput)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() { Err(ProgramError::NoPassword) } else { Ok(password) }
}
