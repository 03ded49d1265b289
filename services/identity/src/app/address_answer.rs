//! An address as its user sees it, now or in an answer that is given again.

use serde::Serialize;
use techtrove_core::{Problem, Timestamp};
use techtrove_http::idempotency::{Answer, Repeatable};
use techtrove_identity_api::{Address, AddressId, Country};
use utoipa::ToSchema;

use crate::domain::KeptAddress;

/// An address that the caller keeps.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptAddress)]
pub struct AddressBody {
    id: AddressId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    line1: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<String>,
    city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    postal_code: String,
    country: Country,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    version: i64,
    created_at: Timestamp,
}

impl From<KeptAddress> for AddressBody {
    fn from(kept: KeptAddress) -> Self {
        let KeptAddress { id, address, version, created_at, .. } = kept;
        let Address { name, company, line1, line2, city, region, postal_code, country, phone } =
            address;
        Self {
            id,
            name,
            company,
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
            phone,
            version,
            created_at,
        }
    }
}

impl Repeatable for KeptAddress {
    fn answer(&self) -> Result<Answer, Problem> {
        let location = format!("/api/v1/users/me/addresses/{}", self.id);
        let answer = Answer::created(&location, &AddressBody::from(self.clone()))?;
        Ok(answer.in_version(self.version))
    }
}
