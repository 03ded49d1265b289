//! Somebody follows the link in a mail about an account. Identity knows whose its secret is, and does what it
//! is for; here it is answered in their language.

use techtrove_identity_api::{MailedPurpose, MailedSecret, PresentSecret, Presented};

use super::App;
use crate::{domain::Language, error::Error};

/// The language of whom the secret belongs to, while it leads somewhere: that of their mails. Looking changes
/// nothing.
///
/// # Errors
/// When identity cannot be reached.
pub async fn language_of_link(
    app: &App,
    purpose: MailedPurpose,
    secret: MailedSecret,
) -> Result<Option<Language>, Error> {
    let owner = app.identity.look_up_secret(purpose, secret).await?;
    Ok(owner.map(|owner| app.language_of(owner.locale.as_slice())))
}

/// Does what the secret is for.
///
/// # Errors
/// When identity cannot be reached.
pub async fn follow_link(app: &App, secret: &PresentSecret) -> Result<Presented, Error> {
    Ok(app.identity.present_secret(secret).await?)
}
