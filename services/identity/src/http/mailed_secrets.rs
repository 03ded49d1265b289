//! Secrets of mails about to be written or shown: an internal route which the gateway never shows.

use axum::extract::State;
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json};
use techtrove_identity_api::{TellSecrets, ToldSecrets};

use crate::app::{self, App};

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
