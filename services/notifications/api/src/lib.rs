//! What notifications shows the audit: which mails are written. The rules behind them live in
//! `services/notifications/src/domain`.

use serde::{Deserialize, Serialize};
use techtrove_core::{BookPage, PageRequest, Timestamp};
use techtrove_http::{Client, ClientError};
use uuid::Uuid;

techtrove_core::typed_id!(
    /// One mail to one recipient.
    NotificationId, "ntf"
);

/// One mail about an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailEntry {
    /// Which mail.
    pub id: NotificationId,
    /// What it is about: an order's UUID.
    pub subject_id: Uuid,
    /// Which mail it is: `order_confirmed`.
    pub template: String,
    /// Whether it has left, or is kept in the mailbox.
    pub done: bool,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Calls notifications, wherever it runs.
#[derive(Clone, Debug)]
pub struct NotificationsClient(Client);

impl NotificationsClient {
    /// Calls through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// A page of the mails about orders, in the order of the orders' ids.
    ///
    /// # Errors
    /// When notifications cannot be reached.
    pub async fn audit_mails(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<MailEntry>, ClientError> {
        self.0.get("/internal/notifications/audit/mails").query(page).call().await
    }
}
