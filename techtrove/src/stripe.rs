//! The shop's account at Stripe, as the environment names it. Its secrets come from files, which can be
//! kept from others, and never from variables, which every child process inherits.

use std::fs;

use http::Uri;
use techtrove_core::Currency;
use techtrove_http::Origin;
use techtrove_payments::{
    domain::Secret,
    provider::{WebhookSecret, stripe::Account, stripe::charges_in},
};

use crate::settings::InvalidSetting;

/// Where Stripe is, unless a setting says otherwise.
const API: &str = "https://api.stripe.com";

/// How many webhook secrets may be valid at once.
const MAX_SECRETS: usize = 8;

/// The longest address that customers come back to.
const MAX_URL: usize = 2_048;

/// The variable with the file of the secret key.
pub(crate) const KEY_FILE: &str = "TECHTROVE_STRIPE_KEY_FILE";

const WEBHOOKS_FILE: &str = "TECHTROVE_STRIPE_WEBHOOK_SECRETS_FILE";
const RETURN_URL: &str = "TECHTROVE_STRIPE_RETURN_URL";
const ORIGIN: &str = "TECHTROVE_STRIPE_URL";

/// Stripe, and the shop's account there.
#[derive(Clone, Debug)]
pub struct Stripe {
    /// Where it is.
    pub origin: Origin,
    /// The account.
    pub account: Account,
}

/// The variables as they are written.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) key_file: Option<String>,
    pub(crate) webhook_secrets_file: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) url: Option<String>,
}

impl Words {
    /// The account of a shop that sells in `currency`; none when no key is given.
    ///
    /// # Errors
    /// When a variable is missing or cannot be used, or Stripe takes no money in this currency.
    pub(crate) fn account(self, currency: Currency) -> Result<Option<Stripe>, InvalidSetting> {
        let Some(key_file) = given(self.key_file) else {
            let others = [
                (WEBHOOKS_FILE, self.webhook_secrets_file),
                (RETURN_URL, self.return_url),
                (ORIGIN, self.url),
            ];
            let alone = others.into_iter().find(|(_, value)| given(value.clone()).is_some());
            return alone.map_or(Ok(None), |(variable, _)| {
                Err(invalid(variable, format!("it says nothing without {KEY_FILE}; set that too")))
            });
        };
        if !charges_in(currency) {
            return Err(invalid(KEY_FILE, format!("Stripe takes no money in {currency}")));
        }
        let origin = given(self.url).unwrap_or_else(|| API.to_owned());
        let account = Account {
            key: key(&lines(KEY_FILE, &key_file)?)?,
            return_url: return_url(given(self.return_url))?,
            webhooks: webhooks(given(self.webhook_secrets_file))?,
        };
        let origin = origin.parse().map_err(|error| invalid(ORIGIN, error))?;
        Ok(Some(Stripe { origin, account }))
    }
}

fn given(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.is_empty())
}

fn lines(variable: &'static str, path: &str) -> Result<Vec<String>, InvalidSetting> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| invalid(variable, format!("{path}: {error}")))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(str::to_owned).collect())
}

fn key(lines: &[String]) -> Result<Secret, InvalidSetting> {
    let is_secret = |line: &&String| line.starts_with("sk_") || line.starts_with("rk_");
    match lines {
        [line] if is_secret(&line) => {
            Secret::new(line.clone()).map_err(|_| invalid(KEY_FILE, "that is no key of Stripe's"))
        }
        _ => Err(invalid(KEY_FILE, "write the secret key, sk_… or rk_…, into it as one line")),
    }
}

fn webhooks(path: Option<String>) -> Result<Vec<WebhookSecret>, InvalidSetting> {
    let missing = || {
        let cause = format!("it is required with {KEY_FILE}; name a file with one whsec_… a line");
        invalid(WEBHOOKS_FILE, cause)
    };
    let lines = lines(WEBHOOKS_FILE, &path.ok_or_else(missing)?)?;
    let fit = (1..=MAX_SECRETS).contains(&lines.len())
        && lines.iter().all(|line| line.starts_with("whsec_"));
    if !fit {
        let cause = format!("write 1 to {MAX_SECRETS} secrets, whsec_…, into it, each on a line");
        return Err(invalid(WEBHOOKS_FILE, cause));
    }
    Ok(lines.into_iter().map(WebhookSecret::new).collect())
}

fn return_url(url: Option<String>) -> Result<String, InvalidSetting> {
    let cause =
        || format!("with {KEY_FILE} write where customers come back to: https://shop.example/paid");
    let url = url.ok_or_else(|| invalid(RETURN_URL, cause()))?;
    let parsed: Option<Uri> = url.parse().ok();
    let is_page = parsed.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some()
    });
    if is_page && url.len() <= MAX_URL { Ok(url) } else { Err(invalid(RETURN_URL, cause())) }
}

fn invalid(variable: &'static str, cause: impl std::fmt::Display) -> InvalidSetting {
    InvalidSetting::Value { variable, cause: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn file(folder: &Path, name: &str, text: &str) -> Option<String> {
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        Some(path.display().to_string())
    }

    fn words(folder: &Path) -> Words {
        Words {
            key_file: file(folder, "key", "sk_test_secret\n"),
            webhook_secrets_file: file(folder, "webhooks", "whsec_new\n\nwhsec_old\n"),
            return_url: Some("https://shop.example/paid".to_owned()),
            url: None,
        }
    }

    #[test]
    fn an_account_has_a_key_and_several_webhook_secrets_and_shows_none() {
        let folder = tempfile::tempdir().expect("a folder");

        let stripe = words(folder.path()).account(Currency::USD).expect("settings");

        let stripe = stripe.expect("an account");
        assert_eq!(stripe.account.key.expose(), "sk_test_secret");
        assert_eq!(stripe.account.webhooks.len(), 2);
        assert_eq!(stripe.origin, API.parse().expect("an origin"));
        let shown = format!("{stripe:?}");
        assert!(!shown.contains("secret") && !shown.contains("whsec"), "{shown}");
        assert!(Words::default().account(Currency::USD).expect("settings").is_none());
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_the_variables_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let usual = || words(folder);

        for (words, variable) in [
            (Words { key_file: Some("/not/there".to_owned()), ..usual() }, KEY_FILE),
            (Words { key_file: file(folder, "pk", "pk_live_x"), ..usual() }, KEY_FILE),
            (Words { key_file: file(folder, "two", "sk_a\nsk_b"), ..usual() }, KEY_FILE),
            (Words { webhook_secrets_file: None, ..usual() }, WEBHOOKS_FILE),
            (Words { webhook_secrets_file: file(folder, "none", "\n"), ..usual() }, WEBHOOKS_FILE),
            (Words { webhook_secrets_file: file(folder, "x", "secret"), ..usual() }, WEBHOOKS_FILE),
            (Words { return_url: None, ..usual() }, RETURN_URL),
            (Words { return_url: Some("shop.example".to_owned()), ..usual() }, RETURN_URL),
            (Words { url: Some("http://api.stripe.com".to_owned()), ..usual() }, ORIGIN),
        ] {
            let refusal = words.account(Currency::USD).expect_err(variable).to_string();
            assert!(refusal.starts_with(variable), "{refusal}");
        }
        let shillings = "UGX".parse().expect("a currency");
        assert!(usual().account(shillings).is_err());
    }
}
