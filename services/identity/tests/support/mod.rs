//! An identity in memory, and the people who come to it.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::Request, middleware};
use serde_json::{Value, json};
use techtrove_core::{Clock as _, ManualClock, SharedIds};
use techtrove_db::{Db, DbError, p};
use techtrove_http::ClientAddress;
use techtrove_identity::{
    Config, Deps, build,
    domain::{MailKey, Profile, User},
};
use techtrove_identity_api::{Role, SigningKey};
use techtrove_runtime::Shutdown;
use techtrove_testing::{Actor, Reply, Seed, eventually, sqlite_inline};

/// Where somebody comes from, which the gateway finds out in a shop.
pub const FROM: &str = "x-test-address";

/// How long what happens by itself may take.
const SOON: Duration = Duration::from_secs(20);

/// The password of everybody here.
pub const PASSWORD: &str = "correct horse battery";

/// A running identity.
pub struct Identity {
    pub anybody: Actor,
    pub owner: Actor,
    pub clock: Arc<ManualClock>,
    pub db: Db,
}

/// Somebody who is signed in.
pub struct Person {
    pub id: String,
    pub email: String,
    pub actor: Actor,
    pub refresh_token: Value,
}

/// A new identity.
pub async fn identity() -> Identity {
    let clock = Arc::new(ManualClock::default());
    let db = sqlite_inline().await;
    let deps = Deps {
        db: (*db).clone(),
        clock: Arc::clone(&clock) as _,
        ids: Seed::fixed(1).ids(Arc::clone(&clock) as _),
        signing_key: Arc::new(SigningKey::from_seed(&[9; 32]).expect("a key")),
        mail_key: MailKey::new([9; 32]),
    };
    let service = build(Config::default(), deps).await.expect("built");
    for worker in service.workers {
        tokio::spawn(worker.supervise(Shutdown::new()));
    }
    let public = Router::from(service.public).layer(middleware::map_request(note_client));
    let anybody = Actor::new(techtrove_http::guard(public));
    Identity { anybody, owner: Actor::new(service.internal), clock, db: (*db).clone() }
}

async fn note_client(mut request: Request) -> Request {
    let address = request.headers().get(FROM).and_then(|value| value.to_str().ok());
    if let Some(address) = address.and_then(|text| text.parse().ok()) {
        request.extensions_mut().insert(ClientAddress(address));
    }
    request
}

/// What somebody of this name sends to register.
pub fn account(name: &str) -> Value {
    let email = format!("{}@example.com", name.to_lowercase());
    json!({ "email": email, "password": PASSWORD, "name": name })
}

impl Identity {
    /// Somebody new of this name.
    pub async fn register(&self, name: &str) -> Person {
        let answer = self.anybody.post("/api/v1/auth/register", &account(name)).await.expect(201);
        self.person(&answer.value())
    }

    /// A new administrator of this name.
    pub async fn admin(&self, name: &str) -> Person {
        self.owner.post("/internal/identity/admins", &account(name)).await.expect(201);
        let account = account(name);
        self.log_in(account["email"].as_str().expect("an address")).await
    }

    /// Another session of whoever has this address.
    pub async fn log_in(&self, email: &str) -> Person {
        self.log_in_with(email, PASSWORD).await
    }

    /// The same, by another password.
    pub async fn log_in_with(&self, email: &str, password: &str) -> Person {
        let body = json!({ "email": email, "password": password });
        self.person(&self.anybody.post("/api/v1/auth/login", &body).await.expect(200).value())
    }

    /// Somebody new of these roles.
    pub async fn staff(&self, admin: &Person, name: &str, roles: &[&str]) -> Person {
        let person = self.register(name).await;
        admin.give(&person, roles).await;
        self.log_in(&person.email).await
    }

    /// What was told of users so far: kinds and data.
    pub async fn told(&self) -> Vec<(String, Value)> {
        let told = self.db.read("told", |tx| -> Result<_, DbError> {
            tx.query("SELECT kind, data FROM outbox ORDER BY position", p![], |row| {
                let data = serde_json::from_str(&row.get::<String>(1)?);
                Ok((row.get(0)?, data.map_err(DbError::decode)?))
            })
        });
        told.await.expect("read")
    }

    /// How often this was told.
    pub async fn count(&self, kind: &str) -> usize {
        self.told().await.iter().filter(|(told, _)| told == kind).count()
    }

    /// The data of the last one of these that was told.
    pub async fn last(&self, kind: &str) -> Value {
        let told = self.told().await.into_iter().rev().find(|(told, _)| told == kind);
        told.unwrap_or_else(|| panic!("{kind} was not told")).1
    }

    /// The same, once so many were told.
    pub async fn nth(&self, kind: &str, count: usize) -> Value {
        eventually(SOON, async || (self.count(kind).await == count).then_some(())).await;
        self.last(kind).await
    }

    /// The secrets of what is about to be mailed, as whoever writes the mail is told them.
    pub async fn secrets_of(&self, mails: &[&Value]) -> Vec<Value> {
        let ids: Vec<&Value> = mails.iter().map(|mail| &mail["secret_id"]).collect();
        let tell = "/internal/identity/mailed-secrets/tell";
        let told = self.owner.post(tell, &json!({ "ids": ids })).await.expect(200).value();
        let told = told["secrets"].as_array().expect("a list");
        told.iter().map(|told| told["secret"].clone()).collect()
    }

    /// The secret of one mail, which leads somewhere.
    pub async fn secret_of(&self, mail: &Value) -> Value {
        self.secrets_of(&[mail]).await.pop().expect("it leads somewhere")
    }

    /// Presents a mailed token.
    pub async fn verify(&self, token: &Value) -> Reply {
        self.anybody.post("/api/v1/auth/verify-email", &json!({ "token": token })).await
    }

    /// The status of an attempt to sign in.
    pub async fn try_log_in(&self, email: &str, password: &str) -> u16 {
        let body = json!({ "email": email, "password": password });
        self.anybody.post("/api/v1/auth/login", &body).await.status.as_u16()
    }

    fn person(&self, answer: &Value) -> Person {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Person {
            id: text(&answer["user"]["id"]),
            email: text(&answer["user"]["email"]),
            actor: self.bearer(answer),
            refresh_token: answer["refresh_token"].clone(),
        }
    }

    /// Whoever was answered with these tokens.
    pub fn bearer(&self, answer: &Value) -> Actor {
        self.anybody.bearer(answer["access_token"].as_str().expect("a token"))
    }

    /// The status of an attempt to go on with a refresh token.
    pub async fn refresh(&self, token: &Value) -> u16 {
        let body = json!({ "refresh_token": token });
        self.anybody.post("/api/v1/auth/refresh", &body).await.status.as_u16()
    }
}

impl Person {
    /// Gives another person these roles.
    pub async fn give(&self, to: &Person, roles: &[&str]) -> Value {
        let path = format!("/api/v1/users/{}/roles", to.id);
        self.actor.put(&path, &json!({ "roles": roles })).await.expect(200).value()
    }

    /// Changes their own account.
    pub async fn edit(&self, patch: &Value) -> Reply {
        self.actor.patch("/api/v1/users/me", patch).header("if-match", "*").await
    }

    /// What they see of their own account.
    pub async fn me(&self) -> Value {
        self.actor.get("/api/v1/users/me").await.expect(200).value()
    }

    /// The status of a look at a user, which support may take.
    pub async fn look_at(&self, id: &str) -> u16 {
        self.actor.get(&format!("/api/v1/users/{id}")).await.status.as_u16()
    }
}

/// Somebody of this address, as the store keeps them.
pub fn user(ids: &SharedIds, email: &str, roles: &[Role]) -> User {
    User {
        id: ids.next(),
        email: email.parse().expect("an address"),
        email_verified_at: None,
        pending_email: None,
        profile: Profile { name: "Ada Lovelace 🦀".into(), ..Profile::default() },
        password_hash: "$argon2id$…".into(),
        roles: roles.to_vec(),
        categories: None,
        created_at: ManualClock::default().now(),
        disabled_at: None,
        version: 1,
    }
}
