//! What a buyer says besides the lines, whether they buy now or buy a cart.

use serde::Deserialize;
use serde_json::{Value, json};
use techtrove_core::{EmailAddress, FieldError, Money, Problem};
use techtrove_identity_api::AddressId;
use utoipa::ToSchema;

use super::currency;
use crate::{
    app::{App, Buyer, PaymentToken},
    domain::{
        Address, Delivery,
        checkout::{Wish, WishedLine},
    },
};

/// The most lines of an order.
const MAX_LINES: usize = 100;

/// Buys a cart.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckoutRequest {
    /// Where the confirmation goes; required of guests.
    #[serde(default)]
    pub email: Option<EmailAddress>,
    /// Where goods go; required for goods that ship.
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// Which of the buyer's own addresses goods go to, instead of `shipping_address`; not for guests.
    #[serde(default)]
    pub shipping_address_id: Option<AddressId>,
    /// Where the bill goes, when it is not the same.
    #[serde(default)]
    pub billing_address: Option<Address>,
    /// How goods travel, `standard` or `express` by default; required for goods that ship.
    #[serde(default)]
    #[schema(max_length = 64, example = "standard")]
    pub shipping_method: Option<String>,
    /// How it is paid.
    pub payment: PaymentRequest,
    /// What the buyer was shown; another total is refused with `price_changed`.
    #[serde(default)]
    pub expected_total: Option<Money>,
}

/// How an order is paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentRequest {
    /// Who holds the money: the shop's provider, which the gateway's document names.
    #[schema(max_length = 32)]
    provider: String,
    /// The provider's token for the means of payment.
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$", format = Password, example = "tok_ok")]
    token: String,
}

/// What somebody may send who pays with this token.
pub(super) fn example(token: &str) -> Value {
    json!({
        "email": "ada@example.com",
        "shipping_method": "standard",
        "shipping_address": {
            "name": "Ada Lovelace", "line1": "1 Main Street", "city": "Springfield",
            "region": "IL", "postal_code": "62701", "country": "US",
        },
        "payment": {"provider": "sandbox", "token": token},
    })
}

impl CheckoutRequest {
    /// The wish for `lines`, or for those of a cart that are read later, and the token, when every
    /// value is acceptable by itself.
    pub fn checked(
        self,
        app: &App,
        buyer: Buyer,
        lines: Option<Vec<WishedLine>>,
        languages: Vec<String>,
    ) -> Result<(Wish, PaymentToken), Problem> {
        if let Some(expected) = &self.expected_total {
            currency::check(app, "/expected_total", expected.currency)?;
        }
        let mut errors = Vec::new();
        if lines.as_ref().is_some_and(|lines| !(1..=MAX_LINES).contains(&lines.len())) {
            errors.push(FieldError::new("/lines", format!("an order has 1 to {MAX_LINES} lines")));
        }
        errors.extend(self.errors(app, buyer));
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let wish = Wish {
            lines: lines.unwrap_or_default(),
            email: self.email,
            languages,
            delivery: Delivery {
                method: self.shipping_method,
                shipping_address: self.shipping_address,
                billing_address: self.billing_address,
            },
            provider: self.payment.provider,
            expected_total: self.expected_total,
        };
        Ok((wish, PaymentToken(self.payment.token)))
    }

    fn errors(&self, app: &App, buyer: Buyer) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if buyer == Buyer::Guest && self.email.is_none() {
            errors.push(FieldError::new("/email", "a guest's order needs an e-mail address"));
        }
        if self.shipping_address_id.is_some() {
            let pointer = "/shipping_address_id";
            if buyer == Buyer::Guest {
                errors.push(FieldError::new(pointer, "guests keep no addresses: write it out"));
            }
            if self.shipping_address.is_some() {
                errors.push(FieldError::new(pointer, "an order goes to one address: say it once"));
            }
        }
        for (pointer, address) in [
            ("/shipping_address", &self.shipping_address),
            ("/billing_address", &self.billing_address),
        ] {
            errors.extend(address.iter().flat_map(|address| address.check(pointer)));
        }
        errors.extend(self.payment.errors(&app.config.payment_providers));
        errors
    }
}

impl PaymentRequest {
    fn errors(&self, providers: &[String]) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !providers.contains(&self.provider) {
            let detail = format!("no such provider: choose one of {}", providers.join(", "));
            errors.push(FieldError::new("/payment/provider", detail));
        }
        let token = &self.token;
        if !(1..=255).contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let detail = "a token has 1 to 255 visible ASCII characters";
            errors.push(FieldError::new("/payment/token", detail));
        }
        errors
    }
}
