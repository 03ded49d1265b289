//! What makes two requests the same: the key within its scope finds the first one, the fingerprint
//! tells whether it was this one.

use http::Method;
use sha2::{Digest as _, Sha256};
use techtrove_core::{Timestamp, planted};
use uuid::Uuid;

use super::canonical::canonical;

/// Whose keys these are: two clients may choose the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// A signed-in user's.
    User(Uuid),
    /// Of whoever holds this token, such as a cart's.
    Token(&'a str),
    /// A guest's without any token: the key together with the request itself, so that another guest
    /// with the same key and another body is never told that it was used.
    Guest,
}

/// SHA-256 over method, path and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request. JSON counts by what it says, not by how it is written.
    #[must_use]
    pub fn of(method: &Method, path: &str, body: &[u8]) -> Self {
        let path = if planted("key-of-any-path") { "" } else { path };
        Self(digest(&[method.as_str().as_bytes(), path.as_bytes(), &canonical(body)]))
    }
}

/// The fingerprint of a request whose body is read part by part. A body that is never whole in memory
/// counts as it is written, to the byte.
#[derive(Clone, Debug)]
pub struct StreamFingerprint(Sha256);

impl StreamFingerprint {
    /// Of a request whose body has yet to arrive.
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Self {
        Self(digesting(&[method.as_str().as_bytes(), path.as_bytes()]))
    }

    /// Takes the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The fingerprint, once all has arrived.
    #[must_use]
    pub fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}

/// A key as it is stored: hashes alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key within its scope. A worker that finishes the request keeps this.
    pub hash: [u8; 32],
    /// The request.
    pub fingerprint: [u8; 32],
    /// When it came.
    pub at: Timestamp,
    /// What the request makes, so that a replay can name it.
    pub resource: Option<Uuid>,
}

impl Key {
    /// The key `name` of `scope`, used for `request` at `at`.
    #[must_use]
    pub fn new(name: &str, scope: Scope<'_>, request: Fingerprint, at: Timestamp) -> Self {
        let name = name.as_bytes();
        let hash = match scope {
            Scope::User(_) if planted("key-of-all-users") => digest(&[b"user", name]),
            Scope::User(id) => digest(&[b"user", id.as_bytes(), name]),
            Scope::Token(_) if planted("claim-not-scoped") => digest(&[b"token", name]),
            Scope::Token(token) => digest(&[b"token", token.as_bytes(), name]),
            Scope::Guest if planted("key-of-all-guests") => digest(&[b"guest", name]),
            Scope::Guest => digest(&[b"guest", &request.0, name]),
        };
        Self { hash, fingerprint: request.0, at, resource: None }
    }

    /// The same key for a request that makes `resource`.
    #[must_use]
    pub fn for_resource(self, resource: Uuid) -> Self {
        Self { resource: Some(resource), ..self }
    }
}

/// SHA-256 over the parts, each with its length before it, so that no two lists of parts are the same
/// bytes.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    digesting(parts).finalize().into()
}

fn digesting(parts: &[&[u8]]) -> Sha256 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hasher
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(name: &str, scope: Scope<'_>, body: &str) -> Key {
        let request = Fingerprint::of(&Method::POST, "/orders", body.as_bytes());
        Key::new(name, scope, request, Timestamp::from_micros(0))
    }

    #[test]
    fn a_users_other_body_is_the_same_key_and_a_guests_is_not() {
        let user = Scope::User(Uuid::from_u128(1));
        assert_eq!(key("k", user, "1").hash, key("k", user, "2").hash);
        assert_ne!(key("k", user, "1").fingerprint, key("k", user, "2").fingerprint);
        assert_ne!(key("k", Scope::Guest, "1").hash, key("k", Scope::Guest, "2").hash);
        assert_eq!(key("k", Scope::Guest, "1"), key("k", Scope::Guest, " 1"));
    }

    #[test]
    fn a_stream_is_the_same_request_however_it_arrives() {
        let of = |path: &str, parts: &[&[u8]]| {
            let mut stream = StreamFingerprint::of(&Method::POST, path);
            parts.iter().for_each(|part| stream.update(part));
            stream.finish()
        };

        assert_eq!(of("/a", &[b"12", b"3"]), of("/a", &[b"1", b"", b"23"]));
        assert_ne!(of("/a", &[b"123"]), of("/a", &[b"124"]));
        assert_ne!(of("/a", &[b"123"]), of("/a1", &[b"23"]));
    }

    #[test]
    fn path_and_method_belong_to_the_request() {
        let one = Fingerprint::of(&Method::POST, "/a", b"{}");

        assert_ne!(one, Fingerprint::of(&Method::POST, "/b", b"{}"));
        assert_ne!(one, Fingerprint::of(&Method::PUT, "/a", b"{}"));
    }

    proptest! {
        #[test]
        fn no_two_scopes_share_keys(id: u128, token in "\\PC{0,20}", one in "[!-~]{1,20}", other in "[!-~]{1,20}") {
            let (user, token) = (Scope::User(Uuid::from_u128(id)), Scope::Token(&token));

            prop_assert_ne!(key(&one, user, "1").hash, key(&one, token, "1").hash);
            prop_assert_ne!(key(&one, user, "1").hash, key(&one, Scope::Guest, "1").hash);
            prop_assert_eq!(key(&one, user, "1").hash == key(&other, user, "1").hash, one == other);
        }
    }
}
