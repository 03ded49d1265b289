//! A device trades its refresh token for a new pair; a copied token ends the session.

use techtrove_core::Timestamp;
use techtrove_db::Tx;

use super::{App, SignedIn, session::NewSession};
use crate::{
    domain::{Device, Secret, Session, User, Verdict, judge},
    error::Error,
    store,
};

/// What the transaction that judges a token found.
enum Judged {
    Renewed(Box<User>),
    Refused,
}

/// A new pair for the owner of the presented token.
///
/// # Errors
/// [`Error::InvalidRefreshToken`], or when the database fails.
pub async fn refresh(app: &App, presented: &Secret, device: Device) -> Result<SignedIn, Error> {
    let hash = presented.hash();
    let session = find_session(app, hash).await?;
    let next = NewSession::continuing(app, session, device);
    let (stored, now) = (next.clone(), app.clock.now());
    let judged = app.db.write("identity.refresh", move |tx| spend(tx, &hash, &stored, now)).await?;
    match judged {
        Judged::Renewed(user) => next.signed_in(app, *user),
        Judged::Refused => Err(Error::InvalidRefreshToken),
    }
}

async fn find_session(app: &App, hash: [u8; 32]) -> Result<Session, Error> {
    let found = app
        .db
        .lookup("identity.lookup_refresh_token", move |tx| {
            store::lookup_refresh_token(tx, &hash).map_err(Error::from)
        })
        .await?;
    found.map(|(_, session)| session).ok_or(Error::InvalidRefreshToken)
}

/// Judges and spends the token in one transaction. A refusal that ends the session must be committed,
/// so it is an `Ok`.
fn spend(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
    next: &NewSession,
    now: Timestamp,
) -> Result<Judged, Error> {
    let (token, session) =
        store::lookup_refresh_token(tx, hash)?.ok_or(Error::InvalidRefreshToken)?;
    match judge(token, now) {
        Verdict::Renew if store::spend_refresh_token(tx, hash, now)? => {
            next.go_on(tx)?;
            let user =
                store::lookup_user(tx, session.user_id)?.ok_or(Error::InvalidRefreshToken)?;
            Ok(Judged::Renewed(Box::new(user)))
        }
        Verdict::Refuse => Ok(Judged::Refused),
        Verdict::Renew | Verdict::EndSession => {
            store::end_session(tx, session.id, now)?;
            Ok(Judged::Refused)
        }
    }
}
