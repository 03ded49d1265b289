//! What identity shows the other services: user ids, roles, postal addresses, access tokens and the
//! extractor which tells a handler who calls, the tokens of guests, secrets to be mailed, and its events. It must never trust a token's
//! words before its signature. The rules of accounts live in `services/identity/src/domain`.

mod address;
mod authenticator;
mod caller;
mod contact;
mod country;
mod events;
mod guest;
mod mailed;
mod role;
mod standing;
mod tokens;

pub use address::{Address, wrong_text};
pub use authenticator::Authenticator;
pub use caller::{
    Admin, Caller, Manager, ManagerOf, SignedIn, StandingCaller, Support, UnlimitedManager,
};
pub use contact::{Contact, FindUser, FoundUser, IdentityClient, KnownAddress};
pub use country::{Country, InvalidCountry};
pub use events::{
    EMAIL_CHANGED, EMAIL_VERIFICATION_REQUESTED, EMAIL_VERIFICATION_REQUESTED_V1, EMAIL_VERIFIED,
    EmailChanged, EmailVerificationRequested, EmailVerificationRequestedV1, EmailVerified,
    PASSWORD_CHANGED, PASSWORD_RESET_REQUESTED, PASSWORD_RESET_REQUESTED_V1, PasswordChanged,
    PasswordResetRequested, PasswordResetRequestedV1, Recipient, USER_AGGREGATE, USER_REGISTERED,
    USER_REGISTERED_V1, UserRegistered, UserRegisteredV1,
};
pub use guest::{GuestKey, GuestSubject};
pub use mailed::{
    KnownSecret, LookUpSecret, MailedPurpose, MailedSecret, PresentSecret, Presented, SecretOwner,
    TellSecrets, ToldSecret, ToldSecrets,
};
pub use role::{InvalidRole, Role};
pub use standing::{KnownStanding, Standing};
pub use tokens::{Claims, InvalidToken, Jwk, Jwks, SigningError, SigningKey, VerifyingKeys};

techtrove_core::typed_id!(
    /// A registered person.
    UserId, "usr"
);

techtrove_core::typed_id!(
    /// An address that a user keeps.
    AddressId, "addr"
);

techtrove_core::typed_id!(
    /// A category of the catalogue's, whose products a manager may change.
    GrantedCategory, "cat"
);

techtrove_core::typed_id!(
    /// A secret that comes by mail; knowing its id is worth nothing.
    MailedSecretId, "sec"
);

techtrove_core::typed_id!(
    /// One sign-in of a user on one device.
    SessionId, "ses"
);
