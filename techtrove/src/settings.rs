//! What the environment says, read once at the start. A value that cannot be used is refused with the
//! variable's name and what to write instead.

use std::net::SocketAddr;
use std::str::FromStr;

use confique::Config;
use techtrove_core::Currency;
use techtrove_gateway::{RateLimit, TrustedProxies};
use techtrove_notifications::{MailFrom, PublicUrl, SmtpUrl, domain::Language};
use techtrove_orders::{
    Deadlines,
    domain::{
        CapturePolicy, Country,
        shipping::ShippingTable,
        tax::{ShippingTax, TaxRate, TaxTable},
        totals::Pricing,
    },
};

use crate::stripe::{self, Stripe, Words};

/// The shop's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What to log: a level, or levels per target.
    pub log: Option<String>,
    /// How often one client may call.
    pub rate_limit: RateLimit,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Where mail goes to; without it, mail stays in the mailbox.
    pub smtp: Option<Smtp>,
    /// Where the shop is found, for links in mails; without it, where it listens.
    pub public_url: Option<PublicUrl>,
    /// The language of mails to those whose language is not known.
    pub language: Language,
    /// The shop's currency.
    pub currency: Currency,
    /// Where the shop is.
    pub country: Option<Country>,
    /// Whether prices include tax.
    pub prices_include_tax: bool,
    /// One tax rate for every place, instead of the usual ones.
    pub tax_rate: Option<TaxRate>,
    /// Tax rates of places, over all others.
    pub tax_rates: Option<TaxTable>,
    /// How shipping is taxed.
    pub shipping_tax: ShippingTax,
    /// What shipping costs, instead of the usual prices.
    pub shipping_prices: Option<ShippingTable>,
    /// When reserved money is taken.
    pub capture: CapturePolicy,
    /// How many days after its arrival an order may be sent back, when it is not as usual.
    pub return_days: Option<u16>,
    /// Who takes the money of new orders.
    pub payment_provider: PaymentProvider,
    /// The shop's account at Stripe; kept for what was paid there, also when others take the money now.
    pub stripe: Option<Stripe>,
    /// How long the steps of an order may take. They depend on one another, so no variable sets them.
    pub deadlines: Deadlines,
}

/// Who takes the money of new orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaymentProvider {
    /// The shop's own sandbox: no money moves.
    #[default]
    Sandbox,
    /// Stripe.
    Stripe,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// `smtp://` or `smtps://`, with user and password where needed; does not show itself.
    pub url: SmtpUrl,
    /// The sender.
    pub from: MailFrom,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSetting {
    /// The variable's value is not of the right form.
    #[error("{variable} cannot be used: {cause}")]
    Value {
        /// Which variable.
        variable: &'static str,
        /// Why.
        cause: String,
    },
    /// The environment cannot be read.
    #[error(transparent)]
    Environment(#[from] techtrove_runtime::settings::SettingsError),
    /// Limits are off where strangers can reach the shop.
    #[error(
        "TECHTROVE_RATE_LIMIT=off is for load tests and refused on the public listener {0}; listen on 127.0.0.1 or set a limit"
    )]
    UnlimitedInPublic(SocketAddr),
}

/// The variables as they are written.
#[derive(Debug, Config)]
struct Environment {
    #[config(env = "TECHTROVE_LOG")]
    log: Option<String>,
    #[config(env = "TECHTROVE_RATE_LIMIT")]
    rate_limit: Option<String>,
    #[config(env = "TECHTROVE_TRUSTED_PROXIES")]
    trusted_proxies: Option<String>,
    #[config(env = "TECHTROVE_SMTP_URL")]
    smtp_url: Option<String>,
    #[config(env = "TECHTROVE_SMTP_FROM")]
    smtp_from: Option<String>,
    #[config(env = "TECHTROVE_PUBLIC_URL")]
    public_url: Option<String>,
    #[config(env = "TECHTROVE_LANGUAGE")]
    language: Option<String>,
    #[config(env = "TECHTROVE_CURRENCY")]
    currency: Option<String>,
    #[config(env = "TECHTROVE_TAX_BASIS_POINTS")]
    tax_basis_points: Option<String>,
    #[config(env = "TECHTROVE_TAX_RATES")]
    tax_rates: Option<String>,
    #[config(env = "TECHTROVE_SHIPPING_TAX")]
    shipping_tax: Option<String>,
    #[config(env = "TECHTROVE_SHIPPING_PRICES")]
    shipping_prices: Option<String>,
    #[config(env = "TECHTROVE_PRICES_INCLUDE_TAX")]
    prices_include_tax: Option<String>,
    #[config(env = "TECHTROVE_COUNTRY")]
    country: Option<String>,
    #[config(env = "TECHTROVE_CAPTURE")]
    capture: Option<String>,
    #[config(env = "TECHTROVE_RETURN_DAYS")]
    return_days: Option<String>,
    #[config(env = "TECHTROVE_PAYMENT_PROVIDER")]
    payment_provider: Option<String>,
    #[config(env = "TECHTROVE_STRIPE_KEY_FILE")]
    stripe_key_file: Option<String>,
    #[config(env = "TECHTROVE_STRIPE_WEBHOOK_SECRETS_FILE")]
    stripe_webhook_secrets_file: Option<String>,
    #[config(env = "TECHTROVE_STRIPE_RETURN_URL")]
    stripe_return_url: Option<String>,
    #[config(env = "TECHTROVE_STRIPE_URL")]
    stripe_url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log: None,
            rate_limit: RateLimit::default(),
            trusted_proxies: TrustedProxies::default(),
            smtp: None,
            public_url: None,
            language: Language::default(),
            currency: Currency::USD,
            country: None,
            prices_include_tax: false,
            tax_rate: None,
            tax_rates: None,
            shipping_tax: ShippingTax::default(),
            shipping_prices: None,
            capture: CapturePolicy::default(),
            return_days: None,
            deadlines: Deadlines::default(),
            payment_provider: PaymentProvider::default(),
            stripe: None,
        }
    }
}

impl PaymentProvider {
    /// The name by which requests choose it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sandbox => techtrove_payments::provider::sandbox::NAME,
            Self::Stripe => techtrove_payments::provider::stripe::NAME,
        }
    }
}

impl FromStr for PaymentProvider {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Sandbox, Self::Stripe];
        let found = known.into_iter().find(|provider| provider.name() == text);
        found.ok_or("write sandbox or stripe")
    }
}

impl Settings {
    /// The settings in the environment.
    ///
    /// # Errors
    /// When one cannot be used.
    pub fn from_environment() -> Result<Self, InvalidSetting> {
        Self::from_values(techtrove_runtime::settings::load::<Environment>(None)?)
    }

    /// What somebody seems to have meant as settings and misspelt, one sentence each.
    #[must_use]
    pub fn doubts() -> Vec<String> {
        techtrove_runtime::settings::doubtful_variables::<Environment>()
    }

    fn from_values(values: Environment) -> Result<Self, InvalidSetting> {
        let defaults = Self::default();
        let currency = parsed("TECHTROVE_CURRENCY", values.currency)?.unwrap_or(defaults.currency);
        let stripe = Words {
            key_file: values.stripe_key_file,
            webhook_secrets_file: values.stripe_webhook_secrets_file,
            return_url: values.stripe_return_url,
            url: values.stripe_url,
        };
        let stripe = stripe.account(currency)?;
        Ok(Self {
            payment_provider: provider(values.payment_provider, stripe.as_ref())?,
            stripe,
            currency,
            log: values.log,
            rate_limit: parsed("TECHTROVE_RATE_LIMIT", values.rate_limit)?
                .unwrap_or(defaults.rate_limit),
            trusted_proxies: parsed("TECHTROVE_TRUSTED_PROXIES", values.trusted_proxies)?
                .unwrap_or_default(),
            smtp: smtp(values.smtp_url, values.smtp_from)?,
            public_url: parsed("TECHTROVE_PUBLIC_URL", values.public_url)?,
            language: parsed("TECHTROVE_LANGUAGE", values.language)?.unwrap_or_default(),
            country: parsed("TECHTROVE_COUNTRY", values.country)?,
            prices_include_tax: parsed("TECHTROVE_PRICES_INCLUDE_TAX", values.prices_include_tax)?
                .unwrap_or_default(),
            tax_rate: parsed("TECHTROVE_TAX_BASIS_POINTS", values.tax_basis_points)?,
            tax_rates: parsed("TECHTROVE_TAX_RATES", values.tax_rates)?,
            shipping_tax: parsed("TECHTROVE_SHIPPING_TAX", values.shipping_tax)?
                .unwrap_or_default(),
            shipping_prices: parsed("TECHTROVE_SHIPPING_PRICES", values.shipping_prices)?,
            capture: parsed("TECHTROVE_CAPTURE", values.capture)?.unwrap_or_default(),
            return_days: parsed("TECHTROVE_RETURN_DAYS", values.return_days)?,
            deadlines: defaults.deadlines,
        })
    }

    /// The gateway's part of the settings.
    #[must_use]
    pub fn gateway(&self) -> techtrove_gateway::Config {
        techtrove_gateway::Config {
            rate_limit: self.rate_limit,
            trusted_proxies: self.trusted_proxies.clone(),
            currency: self.currency,
            payment_provider: self.payment_provider.name(),
            ..techtrove_gateway::Config::default()
        }
    }

    /// How orders computes.
    #[must_use]
    pub fn pricing(&self) -> Pricing {
        let usual = Pricing::standard(self.currency);
        let tax = self.tax_rate.map_or(usual.tax, TaxTable::flat);
        Pricing {
            home: self.country.clone().unwrap_or(usual.home),
            prices_include_tax: self.prices_include_tax,
            tax: match &self.tax_rates {
                Some(rates) => tax.overlaid(rates.clone()),
                None => tax,
            },
            shipping_tax: self.shipping_tax,
            shipping: self.shipping_prices.clone().unwrap_or(usual.shipping),
            currency: self.currency,
        }
    }

    /// Refuses what must not be used where strangers can reach the shop.
    ///
    /// # Errors
    /// When limits are off on a public address.
    pub fn allow_on(&self, listen: SocketAddr) -> Result<(), InvalidSetting> {
        if self.rate_limit == RateLimit::Off && !listen.ip().is_loopback() {
            return Err(InvalidSetting::UnlimitedInPublic(listen));
        }
        Ok(())
    }
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    variable: &'static str,
    value: Option<String>,
) -> Result<Option<T>, InvalidSetting> {
    let value = value.filter(|text| !text.is_empty());
    let parse = |text: String| {
        text.parse()
            .map_err(|cause: T::Err| InvalidSetting::Value { variable, cause: cause.to_string() })
    };
    value.map(parse).transpose()
}

fn provider(
    name: Option<String>,
    stripe: Option<&Stripe>,
) -> Result<PaymentProvider, InvalidSetting> {
    let variable = "TECHTROVE_PAYMENT_PROVIDER";
    match parsed(variable, name)?.unwrap_or_default() {
        PaymentProvider::Stripe if stripe.is_none() => {
            let cause = format!("{} is missing", stripe::KEY_FILE);
            Err(InvalidSetting::Value { variable, cause })
        }
        provider => Ok(provider),
    }
}

fn smtp(url: Option<String>, from: Option<String>) -> Result<Option<Smtp>, InvalidSetting> {
    let from = parsed("TECHTROVE_SMTP_FROM", from)?;
    match (parsed("TECHTROVE_SMTP_URL", url)?, from) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            let cause = "it sends nothing without TECHTROVE_SMTP_URL; set that too".to_owned();
            Err(InvalidSetting::Value { variable: "TECHTROVE_SMTP_FROM", cause })
        }
        (Some(url), Some(from)) => Ok(Some(Smtp { url, from })),
        (Some(_), None) => {
            let cause =
                "it is required with TECHTROVE_SMTP_URL; write the sender's address".to_owned();
            Err(InvalidSetting::Value { variable: "TECHTROVE_SMTP_FROM", cause })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Environment {
        Environment {
            log: None,
            rate_limit: None,
            trusted_proxies: None,
            smtp_url: None,
            smtp_from: None,
            public_url: None,
            language: None,
            currency: None,
            tax_basis_points: None,
            tax_rates: None,
            shipping_tax: None,
            shipping_prices: None,
            prices_include_tax: None,
            country: None,
            capture: None,
            return_days: None,
            payment_provider: None,
            stripe_key_file: None,
            stripe_webhook_secrets_file: None,
            stripe_return_url: None,
            stripe_url: None,
        }
    }

    #[test]
    fn a_bad_value_is_refused_by_the_variables_name() {
        for (values, variable) in [
            (Environment { rate_limit: Some("fast".into()), ..nothing() }, "TECHTROVE_RATE_LIMIT"),
            (Environment { currency: Some("COINS".into()), ..nothing() }, "TECHTROVE_CURRENCY"),
            (
                Environment { tax_basis_points: Some("10001".into()), ..nothing() },
                "TECHTROVE_TAX_BASIS_POINTS",
            ),
            (Environment { tax_rates: Some("XX=1".into()), ..nothing() }, "TECHTROVE_TAX_RATES"),
            (
                Environment { shipping_tax: Some("some".into()), ..nothing() },
                "TECHTROVE_SHIPPING_TAX",
            ),
            (
                Environment { shipping_prices: Some("post=1".into()), ..nothing() },
                "TECHTROVE_SHIPPING_PRICES",
            ),
            (
                Environment { prices_include_tax: Some("maybe".into()), ..nothing() },
                "TECHTROVE_PRICES_INCLUDE_TAX",
            ),
            (
                Environment { public_url: Some("shop.example".into()), ..nothing() },
                "TECHTROVE_PUBLIC_URL",
            ),
            (Environment { language: Some("fr".into()), ..nothing() }, "TECHTROVE_LANGUAGE"),
            (Environment { country: Some("UK".into()), ..nothing() }, "TECHTROVE_COUNTRY"),
            (Environment { capture: Some("never".into()), ..nothing() }, "TECHTROVE_CAPTURE"),
            (
                Environment { return_days: Some("a month".into()), ..nothing() },
                "TECHTROVE_RETURN_DAYS",
            ),
            (
                Environment { payment_provider: Some("cash".into()), ..nothing() },
                "TECHTROVE_PAYMENT_PROVIDER",
            ),
            (
                Environment { payment_provider: Some("stripe".into()), ..nothing() },
                "TECHTROVE_PAYMENT_PROVIDER",
            ),
            (
                Environment { smtp_url: Some("smtp://mail.example.com".into()), ..nothing() },
                "TECHTROVE_SMTP_FROM",
            ),
            (
                Environment { smtp_from: Some("shop@example.com".into()), ..nothing() },
                "TECHTROVE_SMTP_FROM",
            ),
            (
                Environment { stripe_return_url: Some("https://x.example".into()), ..nothing() },
                "TECHTROVE_STRIPE_RETURN_URL",
            ),
            (
                Environment { smtp_from: Some("Trove, Tech <a@example.com>".into()), ..nothing() },
                "TECHTROVE_SMTP_FROM",
            ),
        ] {
            let refusal = Settings::from_values(values).expect_err("refused").to_string();
            assert!(refusal.starts_with(variable), "{refusal}");
        }
    }

    #[test]
    fn places_have_their_own_rates_over_one_for_all() {
        let values = Environment {
            country: Some("DE".into()),
            tax_basis_points: Some("750".into()),
            tax_rates: Some("DE=1900".into()),
            ..nothing()
        };

        let pricing = Settings::from_values(values).expect("settings").pricing();

        let rate = |country: &str| pricing.tax.rate(&country.parse().expect("a country"), None);
        assert_eq!(
            (rate("DE"), rate("FR")),
            (TaxRate::new(1_900).unwrap(), TaxRate::new(750).unwrap())
        );
        assert_eq!(pricing.home.as_str(), "DE");
    }

    #[test]
    fn limits_cannot_be_off_in_public() {
        let settings = Settings { rate_limit: RateLimit::Off, ..Settings::default() };

        assert!(settings.allow_on("127.0.0.1:1".parse().expect("an address")).is_ok());
        assert!(settings.allow_on("[::1]:1".parse().expect("an address")).is_ok());
        assert!(settings.allow_on("0.0.0.0:1".parse().expect("an address")).is_err());
    }
}
