//! What buyers send back, as other services see it.

use serde::{Deserialize, Serialize};

use crate::{OrderId, OrderStatus};

techtrove_core::typed_id!(
    /// A return: pieces of an order that its buyer sends back.
    ReturnId, "ret"
);

/// Where a return stands: `requested → approved → received`, `requested → rejected`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnStatus {
    /// Asked for.
    Requested,
    /// The buyer may send it.
    Approved,
    /// The buyer keeps it.
    Rejected,
    /// It is back, and its money is given back.
    Received,
}

/// The data of the events of a return: what [`crate::OrderChanged`] says, and of which return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnChanged {
    /// Of which order.
    pub order_id: OrderId,
    /// Where the order stands.
    pub status: OrderStatus,
    /// Which return.
    pub return_id: ReturnId,
    /// Where the return stands from now on.
    pub return_status: ReturnStatus,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_events_of_version_1_are_read() {
        let recorded = r#"{
            "order_id": "ord_01kafy3m2se6rbq3tmn4y4bwqd",
            "status": "delivered",
            "return_id": "ret_01kafy3m2se6rbq3tmn4y4bwqe",
            "return_status": "approved"
        }"#;

        let read: ReturnChanged = serde_json::from_str(recorded).expect("is read");

        assert_eq!(
            (read.status, read.return_status),
            (OrderStatus::Delivered, ReturnStatus::Approved)
        );
    }
}
