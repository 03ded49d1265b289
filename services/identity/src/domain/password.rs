//! Which passwords are accepted: 8 to 128 characters, and not one that attackers try first (NIST SP
//! 800-63B, 5.1.1.2). A password must never be shown, so it has no `Debug` of its content.

use std::fmt;

/// A password that was accepted; its text is for the hash alone.
#[derive(Clone)]
pub struct Password(String);

/// Why a password was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedPassword {
    /// Too short or too long.
    #[error("a password has 8 to 128 characters")]
    Length,
    /// Among the first that attackers try.
    #[error("this password is too common")]
    Common,
    /// The account's own e-mail address.
    #[error("a password must not be the e-mail address")]
    Address,
}

/// What remains of the passwords tried first once letters are folded and digits and marks at the end
/// are taken off.
const COMMON_STEMS: [&str; 44] = [
    "",
    "abc",
    "abcd",
    "abcdef",
    "abcdefgh",
    "admin",
    "administrator",
    "asdf",
    "asdfgh",
    "asdfghjkl",
    "baseball",
    "changeme",
    "computer",
    "default",
    "dragon",
    "football",
    "guest",
    "hello",
    "iloveyou",
    "letmein",
    "login",
    "master",
    "monkey",
    "p@ssw0rd",
    "p@ssword",
    "passw0rd",
    "password",
    "passwort",
    "pokemon",
    "princess",
    "q1w2e3r4t",
    "qazwsx",
    "qazwsxedc",
    "qwert",
    "qwerty",
    "qwertyui",
    "qwertyuiop",
    "qwertz",
    "secret",
    "starwars",
    "superman",
    "sunshine",
    "trustno",
    "welcome",
];

impl Password {
    /// The password a person chose for the account of `email`.
    ///
    /// # Errors
    /// When it is too short, too long, too common, or the address itself.
    pub fn choose(text: &str, email: &str) -> Result<Self, RefusedPassword> {
        if !(8..=128).contains(&text.chars().count()) {
            return Err(RefusedPassword::Length);
        }
        let folded = text.to_lowercase();
        if folded == email.to_lowercase() {
            return Err(RefusedPassword::Address);
        }
        if is_common(&folded) { Err(RefusedPassword::Common) } else { Ok(Self(text.to_owned())) }
    }

    /// The text, for the hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn is_common(folded: &str) -> bool {
    let stem = folded.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    let mut characters = folded.chars();
    let first = characters.next();
    COMMON_STEMS.contains(&stem) || characters.all(|c| Some(c) == first)
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<RefusedPassword> {
        Password::choose(text, "ada@example.com").err()
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert_eq!(refused("kurz-7ä"), Some(RefusedPassword::Length));
        assert_eq!(refused("lang-8äö"), None);
        assert_eq!(refused(&"xy".repeat(64)), None);
        assert_eq!(refused(&format!("{}z", "xy".repeat(64))), Some(RefusedPassword::Length));
    }

    #[test]
    fn what_attackers_try_first_is_refused() {
        for text in [
            "password",
            "Password123",
            "12345678",
            "qwerty123!",
            "aaaaaaaaaa",
            "Passw0rd!",
            "iloveyou1",
        ] {
            assert_eq!(refused(text), Some(RefusedPassword::Common), "{text}");
        }
        assert_eq!(refused("Ada@Example.com"), Some(RefusedPassword::Address));
        assert_eq!(refused("correct horse battery"), None);
    }

    #[test]
    fn a_password_does_not_show_itself() {
        let password = Password::choose("correct horse battery", "ada@example.com").expect("fine");

        assert!(!format!("{password:?}").contains("horse"));
    }
}
