//! The people of the demo shop. Each data folder gives them passwords of its own, which stand in one
//! file that its owner alone may read.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use techtrove_core::IdGen;
use techtrove_identity_api::Role;

/// How many of a secret's bytes make a password: 144 bits, in 24 letters.
const PASSWORD_BYTES: usize = 18;

/// Somebody who has an account in the demo shop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    /// What they are.
    pub(super) role: Role,
    /// Where they would be written to; nobody can be, under this domain.
    pub(super) email: &'static str,
    /// How they are called.
    pub(super) name: &'static str,
}

const fn person(role: Role, email: &'static str, name: &'static str) -> Person {
    Person { role, email, name }
}

/// Everybody who has an account.
pub(super) const PEOPLE: [Person; 8] = [
    person(Role::Admin, "admin@techtrove.example", "Noor Haddad"),
    person(Role::Manager, "manager@techtrove.example", "Mika Lindqvist"),
    person(Role::Support, "support@techtrove.example", "Sol Rivera"),
    person(Role::Customer, "ines@techtrove.example", "Ines Moreau"),
    person(Role::Customer, "jonas@techtrove.example", "Jonas Weber"),
    person(Role::Customer, "leila@techtrove.example", "Leila Amrani"),
    person(Role::Customer, "priya@techtrove.example", "Priya Nair"),
    person(Role::Customer, "tomas@techtrove.example", "Tomás Duarte"),
];

impl Person {
    /// Their address up to the `@`.
    pub(super) fn short(&self) -> &'static str {
        self.email.split('@').next().unwrap_or(self.email)
    }

    /// Whether they may do more than buy.
    pub(super) fn is_staff(&self) -> bool {
        self.role != Role::Customer
    }
}

/// The text of a new accounts file: a line for each person, with a new password.
pub(super) fn written(ids: &dyn IdGen) -> String {
    let mut text = String::from(
        "# Accounts of the demo shop: role, e-mail address, password. They were made for this data\n\
         # folder alone; only its owner can read this file.\n",
    );
    for person in PEOPLE {
        // Writing into a text never fails.
        let (role, email) = (person.role.as_str(), person.email);
        let _ = writeln!(text, "{role:<9} {email:<26} {}", password(ids));
    }
    text
}

/// A new password.
fn password(ids: &dyn IdGen) -> String {
    BASE64.encode(&ids.secret()[..PASSWORD_BYTES])
}

/// The password that an accounts file gives to the address.
pub(super) fn password_of<'t>(text: &'t str, email: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        (words.next() == Some(email)).then(|| words.next()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use techtrove_core::{ManualClock, SeededIds};

    use super::*;

    #[test]
    fn everybody_has_a_password_of_their_own_which_is_found_again() {
        let ids = SeededIds::new(Arc::new(ManualClock::default()), 1);

        let (one, other) = (written(&ids), written(&ids));

        let passwords = |text| PEOPLE.map(|person| password_of(text, person.email).expect("there"));
        let different: BTreeSet<_> = passwords(&one).into_iter().chain(passwords(&other)).collect();
        assert_eq!(different.len(), 2 * PEOPLE.len());
        assert!(different.iter().all(|password| password.len() == 24));
        assert_eq!(password_of(&one, "nobody@techtrove.example"), None);
    }
}
