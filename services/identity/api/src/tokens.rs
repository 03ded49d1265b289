//! Access tokens as JSON Web Tokens (RFC 7519) signed with Ed25519 (EdDSA, RFC 8037), and the keys as
//! a JWK set (RFC 7517). Only EdDSA is ever accepted, whatever a token's header says (RFC 8725, 3.1).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use techtrove_core::Timestamp;

use crate::{GrantedCategory, Role, SessionId, Standing, UserId};

/// Who issues the tokens.
const ISSUER: &str = "techtrove";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The user.
    pub sub: UserId,
    /// The session that the token belongs to.
    pub sid: SessionId,
    /// The user's roles when the token was issued.
    pub roles: Vec<Role>,
    /// When it was issued, in seconds since the epoch.
    pub iat: i64,
    /// When it ends, in seconds since the epoch.
    pub exp: i64,
    /// The categories that a manager is limited to, as their session stands; nothing for one who is not.
    #[serde(skip)]
    pub categories: Option<Vec<GrantedCategory>>,
}

impl Claims {
    /// Claims for a user's session from `now` for `seconds`.
    #[must_use]
    pub fn new(
        user: UserId,
        session: SessionId,
        roles: Vec<Role>,
        now: Timestamp,
        seconds: i64,
    ) -> Self {
        let iat = now.as_seconds();
        let exp = iat + seconds;
        let iss = ISSUER.into();
        Self { iss, sub: user, sid: session, roles, iat, exp, categories: None }
    }

    /// The same, as the session stands: without the roles that its user has lost, and within the
    /// categories that they are limited to. An admin is not.
    #[must_use]
    pub fn within(mut self, standing: Standing) -> Self {
        self.roles.retain(|role| standing.roles.contains(role));
        self.categories = standing.categories.filter(|_| !self.roles.contains(&Role::Admin));
        self
    }

    /// Whether the user may act as `role`; an admin may act as any.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role) || self.roles.contains(&Role::Admin)
    }
}

/// The token is forged, damaged, over, or signed with a key that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// No key of this id is known; the keys may have been renewed.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// Anything else.
    #[error("the token is not valid")]
    Refused,
}

/// A private key which signs access tokens.
pub struct SigningKey {
    encoding: EncodingKey,
    public: Jwk,
}

impl std::fmt::Debug for SigningKey {
    /// Shows the key's id alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

/// The key or the token could not be written; does not happen with a key of the right length.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign an access token: {0}")]
pub struct SigningError(String);

impl SigningKey {
    /// The key with this 256-bit secret seed (RFC 8032, 5.1.5). Its id is the head of its public half.
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, SigningError> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let der = key.to_pkcs8_der().map_err(|error| SigningError(error.to_string()))?;
        let x = BASE64.encode(key.verifying_key().as_bytes());
        let kid = x.chars().take(16).collect();
        let public = Jwk {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            alg: "EdDSA".into(),
            usage: "sig".into(),
            kid,
            x,
        };
        Ok(Self { encoding: EncodingKey::from_ed_der(der.as_bytes()), public })
    }

    /// The token which says `claims`.
    ///
    /// # Errors
    /// When the claims cannot be encoded.
    pub fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.public.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding)
            .map_err(|error| SigningError(error.to_string()))
    }

    /// The public half, as others may have it.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: vec![self.public.clone()] }
    }
}

/// A set of public keys (RFC 7517, 5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// An Ed25519 public key (RFC 8037, 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwk {
    /// Key type: `OKP`.
    pub kty: String,
    /// Curve: `Ed25519`.
    pub crv: String,
    /// Algorithm: `EdDSA`.
    pub alg: String,
    /// Use: `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// The key's id.
    pub kid: String,
    /// The public key in base64url.
    pub x: String,
}

/// Public keys, ready to check tokens with.
#[derive(Clone, Default)]
pub struct VerifyingKeys(BTreeMap<String, DecodingKey>);

impl std::fmt::Debug for VerifyingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl VerifyingKeys {
    /// The Ed25519 keys of a set; others are left out.
    #[must_use]
    pub fn new(jwks: &Jwks) -> Self {
        let usable = jwks.keys.iter().filter(|key| key.kty == "OKP" && key.crv == "Ed25519");
        let keys = usable.filter_map(|key| {
            DecodingKey::from_ed_components(&key.x).ok().map(|decoding| (key.kid.clone(), decoding))
        });
        Self(keys.collect())
    }

    /// What a token says, when its signature, issuer and time are right.
    ///
    /// # Errors
    /// When they are not.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, InvalidToken> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidToken::Refused)?;
        let kid = header.kid.ok_or(InvalidToken::Refused)?;
        let key = self.0.get(&kid).ok_or(InvalidToken::UnknownKey)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The end is compared below with our own clock, so that a simulation can own time.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)
            .map_err(|_| InvalidToken::Refused)?
            .claims;
        if claims.exp > now.as_seconds() { Ok(claims) } else { Err(InvalidToken::Refused) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use techtrove_core::TypedId;

    fn now() -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000)
    }

    fn claims() -> Claims {
        let user =
            UserId::from_uuid("01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a UUID"));
        let session = SessionId::from_uuid(user.uuid());
        Claims::new(user, session, vec![Role::Customer], now(), 600)
    }

    #[test]
    fn what_its_session_tells_limits_a_token_but_not_an_admins() {
        let category = GrantedCategory::from_uuid(claims().sub.uuid());
        let standing = |roles: &[Role]| Standing {
            ended: false,
            roles: roles.to_vec(),
            categories: Some(vec![category]),
        };
        let roles = vec![Role::Admin, Role::Manager, Role::Support];
        let staff = Claims { roles, ..claims() };

        let manager = staff.clone().within(standing(&[Role::Manager]));
        let admin = staff.within(standing(&[Role::Admin, Role::Manager, Role::Support]));

        assert_eq!(
            (manager.roles, manager.categories),
            (vec![Role::Manager], Some(vec![category]))
        );
        assert_eq!((admin.roles.len(), admin.categories), (3, None));
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).expect("a key")
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_ends() {
        let key = key(1);
        let keys = VerifyingKeys::new(&key.jwks());
        let token = key.sign(&claims()).expect("signed");

        assert_eq!(keys.verify(&token, now()), Ok(claims()));
        let end = now().plus(std::time::Duration::from_secs(600));
        assert_eq!(keys.verify(&token, end), Err(InvalidToken::Refused));
    }

    #[test]
    fn another_keys_token_is_refused_even_under_a_known_id() {
        let (ours, theirs) = (key(1), key(2));
        let keys = VerifyingKeys::new(&ours.jwks());
        let forged = SigningKey { encoding: theirs.encoding, public: ours.public };

        let token = forged.sign(&claims()).expect("signed");

        assert_eq!(keys.verify(&token, now()), Err(InvalidToken::Refused));
        assert_eq!(
            keys.verify(&key(3).sign(&claims()).expect("signed"), now()),
            Err(InvalidToken::UnknownKey)
        );
    }

    #[test]
    fn other_algorithms_are_refused() {
        let key = key(1);
        let keys = VerifyingKeys::new(&key.jwks());
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(key.public.kid.clone());
        let secret = EncodingKey::from_secret(key.public.x.as_bytes());

        let confused = jsonwebtoken::encode(&header, &claims(), &secret).expect("signed");
        let body = confused.split('.').nth(1).expect("a body");
        let none = format!("{}.{body}.", BASE64.encode(r#"{"alg":"none"}"#));

        for token in [confused.as_str(), none.as_str(), "", "a.b.c", "é.é.é"] {
            assert_eq!(keys.verify(token, now()), Err(InvalidToken::Refused), "{token}");
        }
    }
}
