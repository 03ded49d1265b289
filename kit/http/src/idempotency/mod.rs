//! Idempotency keys: a `POST` repeated with the same key, path and body gets the first one's final
//! answer instead of being carried out again. The claim stands in the same transaction as the first
//! effect, the answer in the same transaction as the last, so that a crash between them leaves a
//! claim that whoever recovers the work finishes or forgets. Keys and bodies are kept as hashes only.
//! Handlers start with [`Idempotent`], use cases with [`once`], or with [`begin`] when they take several
//! transactions.

mod answer;
mod canonical;
mod extract;
mod key;
mod once;
mod store;

pub use answer::Answer;
pub use extract::{IdempotencyKey, Idempotent, OptionalIdempotent};
pub use key::{Fingerprint, Key, Scope, StreamFingerprint};
pub use once::{Once, Refusal, Repeatable, begin, once};
pub use store::{Claim, KEPT, MIGRATIONS, claim, finish, forget, prune};
