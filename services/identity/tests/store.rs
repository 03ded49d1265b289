//! Identity's store on every engine: what its tables must hold true, whoever keeps them.

use std::sync::Arc;
use std::time::Duration;

use techtrove_core::{Clock as _, ManualClock, Timestamp};
use techtrove_db::{Db, DbError};
use techtrove_identity::{
    domain::{Device, KeptAddress, Profile, Session, User},
    store,
};
use techtrove_identity_api::{Address, Role};
use techtrove_testing::{Seed, engines};

use crate::support::user;

fn now() -> Timestamp {
    ManualClock::default().now()
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
            store::insert_session(tx, &session, &Device::default())?;
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

#[tokio::test]
async fn roles_are_replaced_and_disabled_administrators_do_not_count() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(4).ids(Arc::new(ManualClock::default()));
        let ada = user(&ids, "ada@example.com", &[Role::Admin]);
        let bob = user(&ids, "bob@example.com", &[Role::Customer, Role::Admin]);
        for user in [&ada, &bob] {
            insert(&db, user).await.expect("stored");
        }
        let (first, second) = (ada.id, bob.id);

        let admins = db
            .write("change", move |tx| {
                let before = store::lock_admins(tx)?;
                store::set_disabled(tx, first, Some(now()))?;
                Ok::<_, DbError>((before, store::lock_admins(tx)?))
            })
            .await;
        let roles = db.write("replace", move |tx| {
            store::replace_roles(tx, second, &[Role::Admin, Role::Support])?;
            store::list_roles(tx, second)
        });
        let roles = roles.await.expect("replaced");
        let locked = db.write("lock", move |tx| store::lock_user(tx, first)).await.expect("locked");

        assert_eq!(admins.expect("changed"), (vec![first, second], vec![second]), "{}", db.label());
        assert_eq!(roles, [Role::Admin, Role::Support], "{}", db.label());
        assert_eq!(locked.expect("there").disabled_at, Some(now()), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn users_are_listed_newest_first_each_with_their_own_roles() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(5).ids(Arc::new(ManualClock::default()));
        let ada = user(&ids, "ada@example.com", &[Role::Admin]);
        let bob = user(&ids, "bob@example.com", &[Role::Customer, Role::Manager]);
        let eve = user(&ids, "eve@example.com", &[Role::Customer]);
        for user in [&ada, &bob, &eve] {
            insert(&db, user).await.expect("stored");
        }

        let newest = db.read("list", |tx| store::list_users(tx, None, 2)).await.expect("read");
        let before = bob.id;
        let rest = db.read("list", move |tx| store::list_users(tx, Some(before), 2)).await;

        let shown = |users: Vec<User>| -> Vec<_> {
            users.into_iter().map(|user| (user.id, user.roles)).collect()
        };
        let expected = vec![(eve.id, eve.roles), (bob.id, bob.roles)];
        assert_eq!(shown(newest), expected, "{}", db.label());
        assert_eq!(shown(rest.expect("read")), [(ada.id, ada.roles)], "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_session_stands_until_it_or_its_user_is_ended() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(6).ids(Arc::new(ManualClock::default()));
        let ada = user(&ids, "ada@example.com", &[Role::Support]);
        insert(&db, &ada).await.expect("stored");
        let (id, session) = (ada.id, |id| Session { id, user_id: ada.id, started_at: now() });
        let (kept, other) = (session(ids.next()), session(ids.next()));
        let unknown = ids.next();
        let start = db.write("start", move |tx| {
            store::insert_session(tx, &kept, &Device::default())?;
            store::insert_session(tx, &other, &Device::default())
        });
        start.await.expect("stored");
        let standing = async |session| {
            let found = db.read("standing", move |tx| store::lookup_standing(tx, session)).await;
            found.expect("read").map(|standing| (standing.ended, standing.roles))
        };
        let (stands, ended) =
            (Some((false, vec![Role::Support])), Some((true, vec![Role::Support])));
        assert_eq!(standing(unknown).await, None, "{}", db.label());
        assert_eq!(standing(other.id).await, stands, "{}", db.label());

        let end = db.write("end", move |tx| store::end_sessions(tx, id, Some(kept.id), now()));
        end.await.expect("ended");
        assert_eq!(standing(kept.id).await, stands, "{}", db.label());
        assert_eq!(standing(other.id).await, ended, "{}", db.label());

        let disable = db.write("disable", move |tx| store::set_disabled(tx, id, Some(now())));
        disable.await.expect("disabled");
        assert_eq!(standing(kept.id).await, ended, "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_profile_is_kept_as_it_was_said() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(7).ids(Arc::new(ManualClock::default()));
        let ada = user(&ids, "ada@example.com", &[Role::Customer]);
        insert(&db, &ada).await.expect("stored");
        let profile = Profile {
            name: "Ada 🦀".into(),
            display_name: Some("A. L.".into()),
            phone: Some("+44 20 7946 0000".into()),
            locale: Some("en-GB".into()),
            preferences: [("theme".to_owned(), "dark 🌑".into())].into(),
        };
        let (id, edited) = (ada.id, User { profile: profile.clone(), version: 2, ..ada });

        let update = db.write("update", move |tx| store::update_profile(tx, &edited));
        update.await.expect("stored");
        let found = db.read("look up", move |tx| store::lookup_user(tx, id)).await;

        let found = found.expect("read").expect("there");
        assert_eq!((found.profile, found.version), (profile, 2), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn an_address_is_its_owners_alone() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(8).ids(Arc::new(ManualClock::default()));
        let ada = user(&ids, "ada@example.com", &[Role::Customer]);
        let bob = user(&ids, "bob@example.com", &[Role::Customer]);
        for user in [&ada, &bob] {
            insert(&db, user).await.expect("stored");
        }
        let address = serde_json::json!({
            "name": "Ada 🦀", "line1": "1 Main Street", "city": "Zürich", "postal_code": "8001",
            "country": "CH",
        });
        let address: Address = serde_json::from_value(address).expect("an address");
        let kept = |user_id| KeptAddress {
            id: ids.next(),
            user_id,
            address: address.clone(),
            version: 1,
            created_at: now(),
        };
        let (older, newer, bobs) = (kept(ada.id), kept(ada.id), kept(bob.id));
        let edited = KeptAddress {
            address: Address { city: "Bern".into(), ..address.clone() },
            version: 2,
            ..newer.clone()
        };
        for kept in [older.clone(), newer, bobs.clone()] {
            let insert = db.write("insert", move |tx| store::insert_address(tx, &kept));
            insert.await.expect("stored");
        }

        let (user, last, update) = (ada.id, bobs.id, edited.clone());
        let seen = db.write("change", move |tx| {
            store::update_address(tx, &update)?;
            let foreign = store::lock_address(tx, user, last)?;
            Ok::<_, DbError>((foreign, store::list_addresses(tx, user, None, 9)?))
        });
        let (first, second) = (older.id, edited.id);
        let left = db.write("delete", move |tx| {
            let page = store::list_addresses(tx, user, Some(second), 9)?;
            store::delete_address(tx, first)?;
            Ok::<_, DbError>((page, store::count_addresses(tx, user)?))
        });

        let (seen, left) = (seen.await.expect("changed"), left.await.expect("deleted"));
        assert_eq!(seen, (None, vec![edited, older.clone()]), "{}", db.label());
        assert_eq!(left, (vec![older], 1), "{}", db.label());
        db.close().await;
    }
}
