//! Slows those who try one thing again and again: a password, an address, a mail. Kept in memory for an
//! hour, by hashes of what is tried: each replica counts what it sees itself, which is no more than the
//! gateway lets come.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};
use techtrove_core::{Timestamp, TypedId as _};
use techtrove_http::ClientAddress;
use techtrove_identity_api::UserId;

use crate::{
    domain::{Attempts, Device},
    error::Error,
};

/// How many attempts at a password, at addresses and at mails are free.
const PASSWORDS: u32 = 10;
const ADDRESSES: u32 = 5;
const MAILS: u32 = 3;

/// How often what no longer matters is swept out.
const SWEEP: Duration = Duration::from_secs(60);

type Key = [u8; 32];

/// Counts attempts.
#[derive(Debug)]
pub struct Slowing {
    on: bool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    attempts: HashMap<Key, Attempts>,
    swept_at: Option<Timestamp>,
}

/// Somebody at the door of an account, whether there is such a one or not.
#[derive(Debug)]
pub(super) struct Visitor {
    /// The account tried from one place.
    here: Key,
    /// The account tried from anywhere.
    anywhere: Key,
    known: bool,
}

impl Visitor {
    /// Whoever tries the account of this address, case-folded, from a device; `known` are the addresses
    /// that its owner came from.
    pub(super) fn new(email_folded: &str, device: &Device, known: &[String]) -> Self {
        let network =
            |address: &String| Some(ClientAddress(address.parse().ok()?).network().to_string());
        let place = device.address.as_ref().and_then(network);
        Self {
            here: key(&["here", email_folded, place.as_deref().unwrap_or_default()]),
            anywhere: key(&["anywhere", email_folded]),
            known: place.is_some() && known.iter().any(|own| network(own) == place),
        }
    }
}

impl Slowing {
    /// Counts, unless it is off.
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self { on, seen: Mutex::default() }
    }

    /// Lets a visitor try a password. Where the account's owner is known to come from, only what was
    /// tried there counts: nobody elsewhere keeps them out.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] when they have to wait.
    pub(super) fn admit(&self, visitor: &Visitor, now: Timestamp) -> Result<(), Error> {
        let keys = [visitor.here, visitor.anywhere];
        self.count(if visitor.known { &keys[..1] } else { &keys[..] }, PASSWORDS, now)
    }

    /// Forgets what a visitor tried, who turned out to be the owner.
    pub(super) fn welcome(&self, visitor: &Visitor) {
        let mut seen = self.seen();
        seen.attempts.remove(&visitor.here);
        if !visitor.known {
            seen.attempts.remove(&visitor.anywhere);
        }
    }

    /// Lets a user ask for another address, which tells whether it is taken.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] when they have to wait.
    pub(super) fn admit_address(&self, user: UserId, now: Timestamp) -> Result<(), Error> {
        self.count(&[key(&["address", &user.uuid().to_string()])], ADDRESSES, now)
    }

    /// Lets somebody ask for a mail to this address, case-folded.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] when they have to wait.
    pub(super) fn admit_mail(&self, email_folded: &str, now: Timestamp) -> Result<(), Error> {
        self.count(&[key(&["mail", email_folded])], MAILS, now)
    }

    /// Counts before it is known how the attempt ends, so that many at once are not one.
    fn count(&self, keys: &[Key], free: u32, now: Timestamp) -> Result<(), Error> {
        if !self.on {
            return Ok(());
        }
        let mut seen = self.seen();
        seen.sweep(now);
        let known = |key: &Key| seen.attempts.get(key).copied();
        let waits = keys.iter().filter_map(|key| known(key)?.wait(free, now));
        if let Some(wait) = waits.max() {
            return Err(Error::TooManyAttempts(wait));
        }
        for key in keys {
            let counted = seen.attempts.get(key).map_or(Attempts::first(now), |it| it.again(now));
            seen.attempts.insert(*key, counted);
        }
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn sweep(&mut self, now: Timestamp) {
        if self.swept_at.is_none_or(|swept| now.since(swept) >= SWEEP) {
            self.attempts.retain(|_, attempts| !attempts.is_forgotten(now));
            self.swept_at = Some(now);
        }
    }
}

fn key(parts: &[&str]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(address: &str) -> Device {
        Device::new(None, Some(address.to_owned()))
    }

    fn tries(slowing: &Slowing, visitor: &Visitor) -> u32 {
        let now = Timestamp::from_micros(0);
        (0..100).filter(|_| slowing.admit(visitor, now).is_ok()).count().try_into().expect("few")
    }

    #[test]
    fn an_account_is_slowed_for_strangers_wherever_they_come_from() {
        let slowing = Slowing::new(true);
        let from = |address: &str| Visitor::new("ada@example.com", &device(address), &[]);

        assert_eq!(tries(&slowing, &from("192.0.2.1")), PASSWORDS);
        assert_eq!(tries(&slowing, &from("192.0.2.2")), 0);
        let other = Visitor::new("bob@example.com", &device("192.0.2.1"), &[]);
        assert_eq!(tries(&slowing, &other), PASSWORDS);
    }

    #[test]
    fn the_owner_comes_in_where_they_are_known_whatever_strangers_do() {
        let slowing = Slowing::new(true);
        let stranger = Visitor::new("ada@example.com", &device("192.0.2.1"), &[]);
        tries(&slowing, &stranger);

        let known = [device("2001:db8::1").address.expect("an address")];
        let owner = Visitor::new("ada@example.com", &device("2001:db8::ffff"), &known);

        assert_eq!(tries(&slowing, &owner), PASSWORDS);
        slowing.welcome(&owner);
        assert_eq!(tries(&slowing, &owner), PASSWORDS);
        assert_eq!(tries(&slowing, &stranger), 0, "the stranger still waits");
    }

    #[test]
    fn whoever_waits_long_enough_may_try_again() {
        let slowing = Slowing::new(true);
        let visitor = Visitor::new("ada@example.com", &device("192.0.2.1"), &[]);
        tries(&slowing, &visitor);
        let later = |seconds| Timestamp::from_micros(0).plus(Duration::from_secs(seconds));

        assert!(slowing.admit(&visitor, later(1)).is_ok());
        assert!(slowing.admit(&visitor, later(2)).is_err());
        assert!(slowing.admit(&visitor, later(3)).is_ok());
        let off = Slowing::new(false);
        assert_eq!(tries(&off, &visitor), 100);
    }
}
