//! Secrets of mails: told to whoever is about to write one, and presented by whoever has read it, through the
//! pages that links lead to. Internal routes, which the gateway never shows.

use axum::extract::State;
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json};
use techtrove_identity_api::{
    KnownSecret, LookUpSecret, MailedPurpose, PresentSecret, Presented, TellSecrets, ToldSecrets,
};

use crate::{
    app::{self, App},
    domain::{Purpose, Secret},
    error::Error,
};

/// The secrets that still lead somewhere.
pub(super) async fn tell(
    State(app): State<App>,
    Json(request): Json<TellSecrets>,
) -> Result<Json<ToldSecrets>, HttpError> {
    if request.ids.len() > TellSecrets::MOST {
        let most = format!("at most {} secrets are told at once", TellSecrets::MOST);
        return Err(Problem::invalid_field("/ids", most).into());
    }
    let secrets = app::tell_secrets(&app, request.ids).await?;
    Ok(Json(ToldSecrets { secrets }))
}

/// Whom a presented secret belongs to.
pub(super) async fn look_up(
    State(app): State<App>,
    Json(request): Json<LookUpSecret>,
) -> Result<Json<KnownSecret>, HttpError> {
    let purpose = match request.purpose {
        MailedPurpose::VerifyEmail => Purpose::VerifyEmail,
        MailedPurpose::ResetPassword => Purpose::ResetPassword,
    };
    let secret = Secret::presented(request.secret.expose());
    let owner = app::look_up_secret(&app, purpose, &secret).await?;
    Ok(Json(KnownSecret { owner }))
}

/// Does what a presented secret is for.
pub(super) async fn present(
    State(app): State<App>,
    Json(request): Json<PresentSecret>,
) -> Result<Json<Presented>, HttpError> {
    let done = match request {
        PresentSecret::VerifyEmail { secret } => {
            app::verify_email(&app, &Secret::presented(secret.expose())).await
        }
        PresentSecret::ResetPassword { secret, password } => {
            app::reset_password(&app, &Secret::presented(secret.expose()), &password).await
        }
    };
    match done {
        Ok(()) => Ok(Json(Presented::Accepted)),
        Err(Error::InvalidToken) => Ok(Json(Presented::Ended)),
        Err(Error::EmailTaken) => Ok(Json(Presented::EmailTaken)),
        Err(Error::RefusedPassword(_)) => Ok(Json(Presented::PasswordRefused)),
        Err(error) => Err(error.into()),
    }
}
