//! Addresses, passwords, mailed secrets and sessions in the store, on every engine.

use std::{sync::Arc, time::Duration};

use techtrove_core::{Clock as _, ManualClock, Timestamp};
use techtrove_db::{Db, DbError};
use techtrove_identity::{
    domain::{Device, LiveSession, MailedSecret, Purpose, Session, User},
    store,
};
use techtrove_identity_api::{GrantedCategory, MailedSecretId, Role};
use techtrove_testing::{Seed, engines};

use crate::support::user;

fn now() -> Timestamp {
    ManualClock::default().now()
}

/// A store with Ada and Bob.
async fn with_two(db: &Db, seed: u64) -> (User, User) {
    db.migrate(&store::MIGRATIONS).await.expect("migrated");
    let ids = Seed::fixed(seed).ids(Arc::new(ManualClock::default()));
    let ada = user(&ids, "ada@example.com", &[Role::Customer]);
    let bob = user(&ids, "bob@example.com", &[Role::Customer]);
    let stored = [ada.clone(), bob.clone()];
    let insert = db
        .write("insert", move |tx| stored.iter().try_for_each(|user| store::insert_user(tx, user)));
    insert.await.expect("stored");
    (ada, bob)
}

#[tokio::test]
async fn an_address_changes_and_stays_one_users() {
    for db in engines().await {
        let (ada, bob) = with_two(&db, 11).await;
        let (id, label) = (ada.id, db.label());
        let email = |text: &str| text.parse().expect("an address");
        let wants = User { pending_email: Some(email("Ada@example.org")), ..ada.clone() };
        let has = User {
            email: email("Ada@example.org"),
            email_verified_at: Some(now()),
            version: 2,
            ..ada
        };
        let taken = User { email: email("ADA@example.org"), ..bob };

        let (asked, changed) = (wants.clone(), has.clone());
        let seen = db.write("change", move |tx| {
            store::update_profile(tx, &asked)?;
            let asked = store::lock_user(tx, id)?;
            store::update_email(tx, &changed)?;
            store::update_password(tx, id, "another")?;
            Ok::<_, DbError>((asked, store::lookup_user_by_email(tx, "ada@example.org")?))
        });
        let (asked, changed) = seen.await.expect("changed");
        let refused = db.write("take", move |tx| store::update_email(tx, &taken)).await;

        let asked = asked.expect("there");
        assert_eq!(
            (asked.email, asked.pending_email),
            (wants.email, wants.pending_email),
            "{label}"
        );
        let changed = changed.expect("there");
        assert_eq!((changed.email, changed.email_verified_at), (has.email, Some(now())), "{label}");
        assert_eq!((changed.pending_email, changed.version), (None, 2), "{label}");
        assert_eq!(changed.password_hash, "another", "{label}");
        assert!(matches!(refused, Err(DbError::UniqueViolation { .. })), "{label}: {refused:?}");
        db.close().await;
    }
}

#[tokio::test]
async fn a_mailed_secret_is_found_for_its_purpose_until_it_is_forgotten() {
    for db in engines().await {
        let (ada, bob) = with_two(&db, 12).await;
        let (first, second, label) = (ada.id, bob.id, db.label());
        let later = now().plus(Duration::from_secs(60));
        let secret = |user_id, expires_at| MailedSecret {
            user_id,
            email_folded: "ada@example.com".into(),
            expires_at,
        };
        let (reset, verify) = (Purpose::ResetPassword, Purpose::VerifyEmail);
        let kept = [
            ([1; 32], reset, secret(first, later)),
            ([2; 32], reset, secret(first, later)),
            ([3; 32], verify, secret(first, later)),
            ([4; 32], reset, secret(second, later)),
            ([5; 32], verify, secret(second, now())),
        ];
        let ids = Seed::fixed(18).ids(Arc::new(ManualClock::default()));
        let all: [MailedSecretId; 5] = std::array::from_fn(|_| ids.next());
        let insert = db.write("insert", move |tx| {
            let mut all = all.iter().zip(&kept);
            all.try_for_each(|(id, (hash, purpose, kept))| {
                store::insert_secret(tx, *id, hash, *purpose, kept)
            })
        });
        insert.await.expect("stored");
        let live = db.read("live", move |tx| -> Result<Vec<_>, DbError> {
            all.iter().map(|id| store::lookup_live_secret(tx, *id, now())).collect()
        });
        let of = |hash: u8, purpose| Some((purpose, vec![hash; 32]));
        let expected = [of(1, reset), of(2, reset), of(3, verify), of(4, reset), None];
        assert_eq!(live.await.expect("read"), expected, "{label}");
        let found = async |purpose| {
            let found = db.read("look up", move |tx| {
                let hashes = (1..=5_u8).map(|number| [number; 32]);
                hashes.map(|hash| store::lookup_secret(tx, &hash, purpose)).collect()
            });
            let found: Result<Vec<Option<MailedSecret>>, DbError> = found.await;
            let there = |(place, found): (usize, &Option<_>)| found.is_some().then_some(place + 1);
            let found = found.expect("read");
            found.iter().enumerate().filter_map(there).collect::<Vec<_>>()
        };
        let known = db.read("look up", move |tx| store::lookup_secret(tx, &[1; 32], reset)).await;
        assert_eq!(known.expect("read"), Some(secret(first, later)), "{label}");
        assert_eq!(
            (found(reset).await, found(verify).await),
            (vec![1, 2, 4], vec![3, 5]),
            "{label}"
        );

        let forget = db.write("forget", move |tx| {
            store::delete_secrets(tx, first, reset)?;
            store::prune_secrets(tx, now())
        });

        assert_eq!(forget.await, Ok(1), "{label}");
        assert_eq!((found(reset).await, found(verify).await), (vec![4], vec![3]), "{label}");
        db.close().await;
    }
}

#[tokio::test]
async fn forgotten_passwords_are_taken_one_after_the_other() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let ids = Seed::fixed(13).ids(Arc::new(ManualClock::default()));
        let (first, second) = (ids.uuid(), ids.uuid());
        let insert = db.write("insert", move |tx| {
            store::insert_forgotten(tx, second, "bob@example.com")?;
            store::insert_forgotten(tx, first, "ada@example.com")
        });
        insert.await.expect("stored");

        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.push(db.write("take", store::take_forgotten).await.expect("taken"));
        }

        let expected = [Some("ada@example.com".into()), Some("bob@example.com".into()), None];
        assert_eq!(taken, expected, "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn sessions_tell_from_where_they_are_used_and_end_by_their_user_alone() {
    for db in engines().await {
        let (ada, bob) = with_two(&db, 14).await;
        let (owner, stranger, label) = (ada.id, bob.id, db.label());
        let ids = Seed::fixed(15).ids(Arc::new(ManualClock::default()));
        let session = |user_id| Session { id: ids.next(), user_id, started_at: now() };
        let (older, newer) = (session(owner), session(owner));
        let home = Device::new(Some("Phone 🦀"), Some("2001:db8::1".to_owned()));
        let later = now().plus(Duration::from_secs(60));
        let (begun, device) = (newer, home.clone());
        let start = db.write("start", move |tx| {
            store::insert_session(tx, &older, &Device::default())?;
            store::insert_session(tx, &begun, &Device::default())?;
            store::note_use(tx, begun.id, &device, later)
        });
        start.await.expect("stored");
        let list = async |since, before| {
            let found =
                db.read("list", move |tx| store::list_sessions(tx, owner, since, before, 9)).await;
            found.expect("read")
        };
        let live = |session: Session, used_at, device: &Device| LiveSession {
            id: session.id,
            started_at: session.started_at,
            used_at,
            device: device.clone(),
        };

        let (new, old) = (live(newer, later, &home), live(older, now(), &Device::default()));
        let before = now().minus(Duration::from_secs(1));
        assert_eq!(list(before, None).await, [new.clone(), old.clone()], "{label}");
        assert_eq!(list(before, Some(newer.id)).await, [old], "{label}");
        assert_eq!(list(now(), None).await, std::slice::from_ref(&new), "{label}");
        let known = db.read("known", move |tx| store::list_known_addresses(tx, owner)).await;
        assert_eq!(known, Ok(Vec::from_iter(home.address)), "{label}");

        let mut ended = Vec::new();
        for user in [stranger, owner, owner] {
            let end = move |tx: &mut techtrove_db::Tx<'_>| {
                store::end_own_session(tx, user, older.id, later)
            };
            ended.push(db.write("end", end).await.expect("ended"));
        }
        assert_eq!(ended, [false, true, false], "{label}");
        assert_eq!(list(before, None).await, [new], "{label}");
        db.close().await;
    }
}

#[tokio::test]
async fn a_session_tells_to_what_its_user_is_limited() {
    for db in engines().await {
        let (ada, _) = with_two(&db, 16).await;
        let (id, label) = (ada.id, db.label());
        let ids = Seed::fixed(17).ids(Arc::new(ManualClock::default()));
        let session = Session { id: ids.next(), user_id: id, started_at: now() };
        let start =
            db.write("start", move |tx| store::insert_session(tx, &session, &Device::default()));
        start.await.expect("stored");
        let granted = vec![ids.next::<GrantedCategory>(), ids.next()];

        let mut seen = Vec::new();
        for categories in [None, Some(granted.clone()), Some(Vec::new()), None] {
            let limit = db.write("limit", move |tx| {
                store::set_categories(tx, id, categories.as_deref())?;
                let standing = store::lookup_standing(tx, session.id)?.expect("there");
                let user = store::lookup_user(tx, id)?.expect("there");
                Ok::<_, DbError>((standing.categories, user.categories))
            });
            seen.push(limit.await.expect("limited"));
        }

        let both = |categories: Option<Vec<_>>| (categories.clone(), categories);
        let expected = [None, Some(granted), Some(Vec::new()), None].map(both);
        assert_eq!(seen, expected, "{label}");
        db.close().await;
    }
}
