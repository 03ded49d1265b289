//! An identity in memory, and the people who come to it.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};
use techtrove_core::ManualClock;
use techtrove_identity::{Config, Deps, build};
use techtrove_identity_api::SigningKey;
use techtrove_testing::{Actor, Seed, sqlite_inline};

/// The password of everybody here.
pub const PASSWORD: &str = "correct horse battery";

/// A running identity.
pub struct Identity {
    pub anybody: Actor,
    pub owner: Actor,
    pub clock: Arc<ManualClock>,
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
    };
    let service = build(Config::default(), deps).await.expect("built");
    let public = techtrove_http::guard(Router::from(service.public));
    Identity { anybody: Actor::new(public), owner: Actor::new(service.internal), clock }
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
        let body = json!({ "email": email, "password": PASSWORD });
        self.person(&self.anybody.post("/api/v1/auth/login", &body).await.expect(200).value())
    }

    /// Somebody new of these roles.
    pub async fn staff(&self, admin: &Person, name: &str, roles: &[&str]) -> Person {
        let person = self.register(name).await;
        admin.give(&person, roles).await;
        self.log_in(&person.email).await
    }

    fn person(&self, answer: &Value) -> Person {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Person {
            id: text(&answer["user"]["id"]),
            email: text(&answer["user"]["email"]),
            actor: self.anybody.bearer(&text(&answer["access_token"])),
            refresh_token: answer["refresh_token"].clone(),
        }
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

    /// The status of a look at a user, which support may take.
    pub async fn look_at(&self, id: &str) -> u16 {
        self.actor.get(&format!("/api/v1/users/{id}")).await.status.as_u16()
    }
}
