//! How the other services call inventory. Every call is idempotent and may be repeated.

use techtrove_catalog_api::ProductChanged;
use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{Client, ClientError};

use crate::{
    HoldRequest, ParcelEntry, ReadStockRequest, ReadStockResponse, Reservation, ReservationEntry,
    ReservationId, ReturnEntry, SetStockRequest, SetStockResponse, ShipRequest, SoldKeys,
    StockEntry, TakeBackRequest,
};

/// Calls inventory, wherever it runs.
#[derive(Clone, Debug)]
pub struct InventoryClient(Client);

impl InventoryClient {
    /// Calls through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Tells of a product, sooner than the event does that says the same; an older word than is known
    /// changes nothing.
    ///
    /// # Errors
    /// When inventory cannot be reached.
    pub async fn tell_of(&self, product: &ProductChanged) -> Result<(), ClientError> {
        self.0.post("/internal/inventory/products").json(product).call().await
    }

    /// Sets all lines aside, or none. An attempt that was made before, with the same lines, answers
    /// where it stands: held or committed.
    ///
    /// # Errors
    /// Refused with [`crate::OUT_OF_STOCK`] (and nothing is remembered), [`crate::RESERVATION_ENDED`]
    /// when this attempt has ended before or its expiry has passed, or
    /// [`crate::RESERVATION_MISMATCH`].
    pub async fn hold(&self, request: &HoldRequest) -> Result<Reservation, ClientError> {
        self.0.post("/internal/inventory/reservations").json(request).call().await
    }

    /// Turns held into committed.
    ///
    /// # Errors
    /// Refused with [`crate::RESERVATION_ENDED`] when the attempt has ended, its time is over, or it
    /// was never made: then it never will be.
    pub async fn commit(
        &self,
        id: ReservationId,
        attempt: u32,
    ) -> Result<Reservation, ClientError> {
        self.change(id, attempt, "commit").await
    }

    /// Gives held or committed pieces back; an attempt that was never made is remembered as released,
    /// so that a late hold is refused.
    ///
    /// # Errors
    /// When inventory cannot be reached.
    pub async fn release(
        &self,
        id: ReservationId,
        attempt: u32,
    ) -> Result<Reservation, ClientError> {
        self.change(id, attempt, "release").await
    }

    /// Lets committed pieces leave the building; a parcel that was shipped before answers the same.
    ///
    /// # Errors
    /// Refused with [`crate::RESERVATION_MISMATCH`] when something in it is not committed, or was
    /// shipped in another parcel, and [`crate::RESERVATION_ENDED`] when the attempt has ended.
    pub async fn ship(
        &self,
        id: ReservationId,
        attempt: u32,
        request: &ShipRequest,
    ) -> Result<Reservation, ClientError> {
        let path = format!("/internal/inventory/reservations/{id}/{attempt}/ship");
        self.0.post(&path).json(request).call().await
    }

    /// Takes back pieces that left; what came back before answers the same.
    ///
    /// # Errors
    /// Refused with [`crate::RESERVATION_MISMATCH`] when something of it never left, came back in
    /// another return, or is a licence key.
    pub async fn take_back(
        &self,
        id: ReservationId,
        attempt: u32,
        request: &TakeBackRequest,
    ) -> Result<Reservation, ClientError> {
        let path = format!("/internal/inventory/reservations/{id}/{attempt}/returns");
        self.0.post(&path).json(request).call().await
    }

    /// The licence keys that left the building with the reservation.
    ///
    /// # Errors
    /// When inventory cannot be reached.
    pub async fn sold_keys(&self, id: ReservationId) -> Result<SoldKeys, ClientError> {
        self.0.get(&format!("/internal/inventory/reservations/{id}/keys")).call().await
    }

    /// Makes SKUs known and sets their stock.
    ///
    /// # Errors
    /// When inventory cannot be reached; refusals are in the answer, item by item.
    pub async fn set_stock(
        &self,
        request: &SetStockRequest,
    ) -> Result<SetStockResponse, ClientError> {
        self.0.post("/internal/inventory/stock").json(request).call().await
    }

    /// Tells what [`Self::set_stock`] would refuse now, and sets nothing.
    ///
    /// # Errors
    /// When inventory cannot be reached; refusals are in the answer, item by item.
    pub async fn try_stock(
        &self,
        request: &SetStockRequest,
    ) -> Result<SetStockResponse, ClientError> {
        self.0.post("/internal/inventory/stock/try").json(request).call().await
    }

    /// How many pieces of these SKUs are in the building.
    ///
    /// # Errors
    /// When inventory cannot be reached.
    pub async fn read_stock(
        &self,
        request: &ReadStockRequest,
    ) -> Result<ReadStockResponse, ClientError> {
        self.0.post("/internal/inventory/stock/read").json(request).call().await
    }

    /// A page of the stock book.
    ///
    /// # Errors
    /// When inventory cannot be reached.
    pub async fn audit_stock(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<StockEntry>, ClientError> {
        self.0.get("/internal/inventory/audit/stock").query(page).call().await
    }

    /// A page of the reservations that are open or have left.
    ///
    /// # Errors
    /// When inventory cannot be reached.
    pub async fn audit_reservations(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<ReservationEntry>, ClientError> {
        self.0.get("/internal/inventory/audit/reservations").query(page).call().await
    }

    /// A page of the parcels that have left.
    ///
    /// # Errors
    /// When inventory cannot be reached.
    pub async fn audit_parcels(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<ParcelEntry>, ClientError> {
        self.0.get("/internal/inventory/audit/parcels").query(page).call().await
    }

    /// A page of what came back.
    ///
    /// # Errors
    /// When inventory cannot be reached.
    pub async fn audit_returns(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<ReturnEntry>, ClientError> {
        self.0.get("/internal/inventory/audit/returns").query(page).call().await
    }

    async fn change(
        &self,
        id: ReservationId,
        attempt: u32,
        verb: &str,
    ) -> Result<Reservation, ClientError> {
        self.0.post(&format!("/internal/inventory/reservations/{id}/{attempt}/{verb}")).call().await
    }
}
