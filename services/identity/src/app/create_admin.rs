//! The owner of the shop makes an administrator, from the command line only.

use techtrove_identity_api::{Role, UserId};

use super::{App, Registration, register};
use crate::error::Error;

/// Makes an account with the admin's role.
///
/// # Errors
/// [`Error::EmailTaken`], or when hashing or the database fails.
pub async fn create_admin(app: &App, registration: Registration) -> Result<UserId, Error> {
    let user = register::new_user(app, registration, Role::Admin).await?;
    let id = user.id;
    app.db.write("identity.create_admin", move |tx| register::insert(tx, &user)).await?;
    tracing::info!(user_id = %id, "administrator created");
    Ok(id)
}
