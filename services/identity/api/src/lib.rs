//! What identity shows the other services: user ids, roles, access tokens and the extractor which
//! tells a handler who calls, and the tokens of guests. It must never trust a token's words before its signature. The rules of
//! accounts live in `services/identity/src/domain`.

mod authenticator;
mod caller;
mod contact;
mod guest;
mod role;
mod standing;
mod tokens;

pub use authenticator::Authenticator;
pub use caller::{Admin, Caller, Manager, SignedIn, Support};
pub use contact::{Contact, FindUser, FoundUser, IdentityClient};
pub use guest::{GuestKey, GuestSubject};
pub use role::{InvalidRole, Role};
pub use standing::{KnownStanding, Standing};
pub use tokens::{Claims, InvalidToken, Jwk, Jwks, SigningError, SigningKey, VerifyingKeys};

techtrove_core::typed_id!(
    /// A registered person.
    UserId, "usr"
);

techtrove_core::typed_id!(
    /// One sign-in of a user on one device.
    SessionId, "ses"
);
