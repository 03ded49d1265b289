//! Identity's store on every engine: what its tables must hold true, whoever keeps them.

use std::sync::Arc;
use std::time::Duration;

use techtrove_core::{Clock as _, ManualClock, SharedIds, Timestamp};
use techtrove_db::{Db, DbError};
use techtrove_identity::{
    domain::{Session, User},
    store,
};
use techtrove_identity_api::Role;
use techtrove_testing::{Seed, engines};

fn now() -> Timestamp {
    ManualClock::default().now()
}

fn user(ids: &SharedIds, email: &str, roles: &[Role]) -> User {
    User {
        id: ids.next(),
        email: email.parse().expect("an address"),
        name: "Ada Lovelace 🦀".into(),
        password_hash: "$argon2id$…".into(),
        roles: roles.to_vec(),
        created_at: now(),
    }
}

async fn insert(db: &Db, user: &User) -> Result<(), DbError> {
    let user = user.clone();
    db.write("insert", move |tx| store::insert_user(tx, &user)).await
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_address_in_any_case() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(1).ids(Arc::new(ManualClock::default()));
        let ada = user(&ids, "Ada@Example.com", &[Role::Customer, Role::Manager]);
        insert(&db, &ada).await.expect("stored");

        let (id, found) =
            (ada.id, |user: Option<User>| user.map(|user| (user.id, user.email, user.roles)));
        let by_id = db.read("by id", move |tx| store::lookup_user(tx, id)).await;
        let by_email =
            db.read("by email", |tx| store::lookup_user_by_email(tx, "ada@example.com")).await;
        let nobody =
            db.read("nobody", |tx| store::lookup_user_by_email(tx, "bob@example.com")).await;

        let expected = Some((ada.id, ada.email, ada.roles));
        assert_eq!(found(by_id.expect("read")), expected, "{}", db.label());
        assert_eq!(found(by_email.expect("read")), expected, "{}", db.label());
        assert!(nobody.expect("read").is_none(), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn an_address_has_one_account_whatever_its_case() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(2).ids(Arc::new(ManualClock::default()));
        insert(&db, &user(&ids, "ada@example.com", &[Role::Customer])).await.expect("stored");

        let again = insert(&db, &user(&ids, "ADA@example.COM", &[Role::Customer])).await;

        assert!(matches!(again, Err(DbError::UniqueViolation { .. })), "{}: {again:?}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_refresh_token_is_spent_once_and_ends_with_its_session() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(3).ids(Arc::new(ManualClock::default()));
        let ada = user(&ids, "ada@example.com", &[Role::Customer]);
        insert(&db, &ada).await.expect("stored");
        let session = Session { id: ids.next(), user_id: ada.id, started_at: now() };
        let (hash, later) = ([7; 32], now().plus(Duration::from_secs(60)));
        db.write("start", move |tx| {
            store::insert_session(tx, &session)?;
            store::insert_refresh_token(tx, &hash, session.id, later)
        })
        .await
        .expect("stored");

        let mut spent = Vec::new();
        for _ in 0..2 {
            let once =
                db.write("spend", move |tx| store::spend_refresh_token(tx, &hash, now())).await;
            spent.push(once.expect("spent"));
        }
        let ended = db.write("end", move |tx| store::end_session(tx, session.id, now())).await;
        ended.expect("ended");
        let (token, found) = db
            .read("look up", move |tx| store::lookup_refresh_token(tx, &hash))
            .await
            .expect("read")
            .expect("there");

        assert_eq!(spent, [true, false], "{}", db.label());
        assert_eq!(found, session, "{}", db.label());
        assert!(token.spent && token.session_ended && token.expires_at == later, "{}", db.label());
        db.close().await;
    }
}
