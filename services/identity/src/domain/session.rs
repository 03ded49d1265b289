//! Sessions, and the devices that they are used from.

use techtrove_core::Timestamp;
use techtrove_identity_api::{SessionId, UserId};

/// How much is kept of what a device says it is, in bytes.
const MAX_USER_AGENT: usize = 200;

/// One sign-in of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Since when.
    pub started_at: Timestamp,
}

/// What is known of a device that somebody calls from. It is personal and must never appear in a log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// What it says it is.
    pub user_agent: Option<String>,
    /// Where it calls from, an IP address.
    pub address: Option<String>,
}

impl Device {
    /// The device at this address which says this of itself; kept no longer than what tells devices
    /// apart.
    #[must_use]
    pub fn new(user_agent: Option<&str>, address: Option<String>) -> Self {
        let user_agent = user_agent.map(str::trim).filter(|text| !text.is_empty());
        let cut = |text: &str| text[..text.floor_char_boundary(MAX_USER_AGENT)].to_owned();
        Self { user_agent: user_agent.map(cut), address }
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Device(…)")
    }
}

/// A session that has not ended, as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSession {
    /// Which.
    pub id: SessionId,
    /// Since when.
    pub started_at: Timestamp,
    /// When it was renewed last, or began.
    pub used_at: Timestamp,
    /// From where.
    pub device: Device,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_may_say_much_of_which_little_is_kept() {
        let endless = "ä".repeat(150);

        let device = Device::new(Some(&endless), None);

        assert_eq!(device.user_agent.map(|text| text.chars().count()), Some(100));
        assert_eq!(Device::new(Some("  "), None), Device::default());
    }
}
