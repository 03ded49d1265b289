//! How orders calls payments. Every call names the payment and may be repeated.

use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{Client, ClientError};

use crate::{AuthorizeRequest, LedgerBalance, Payment, PaymentEntry, PaymentId, RefundRequest};

/// Calls payments, wherever it runs.
#[derive(Clone, Debug)]
pub struct PaymentsClient(Client);

impl PaymentsClient {
    /// Calls through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Asks the provider to reserve the money. A refusal by the provider is an answer with status
    /// `failed`; one that never came is an answer with status `unknown`; a payment that was given up
    /// before answers `voided`. A repetition with the same terms answers how the payment stands.
    ///
    /// # Errors
    /// Refused with [`crate::PAYMENT_MISMATCH`], or 422 when nothing was charged and nothing will be: a
    /// value is not valid, or the provider does not know the token (pointer `/token`; the payment is
    /// `failed` then, with the decline code [`crate::INVALID_TOKEN`]), or with
    /// [`crate::AMOUNT_NOT_SUPPORTED`], which is the decline code too. Refused with [`crate::PAYMENT_NOT_BEGUN`]
    /// no money was asked for by this request; should it arrive once more it may be, so that a caller who is
    /// done with it voids it. When payments cannot be reached the outcome is unknown until
    /// [`Self::reconcile`] tells.
    pub async fn authorize(&self, request: &AuthorizeRequest) -> Result<Payment, ClientError> {
        self.0.post("/internal/payments/payments").json(request).call().await
    }

    /// The payment as it stands, without asking the provider.
    ///
    /// # Errors
    /// Refused with 404 when payments has never heard of it.
    pub async fn get(&self, id: PaymentId) -> Result<Payment, ClientError> {
        self.0.get(&format!("/internal/payments/payments/{id}")).call().await
    }

    /// Asks the provider by the payment's key what became of the open operation, if there is one. An
    /// authorisation that the provider has not heard of after some seconds is voided by key. A payment
    /// which payments has never heard of is remembered as voided: a late authorise is refused.
    ///
    /// # Errors
    /// When payments cannot be reached.
    pub async fn reconcile(&self, id: PaymentId) -> Result<Payment, ClientError> {
        self.change(id, "reconcile").await
    }

    /// Takes the reserved money; an answer means that it is taken.
    ///
    /// # Errors
    /// Refused with [`crate::INVALID_TRANSITION`] or [`crate::OPERATION_IN_PROGRESS`], or 503
    /// `unknown_outcome` when the provider has not told: ask again.
    pub async fn capture(&self, id: PaymentId) -> Result<Payment, ClientError> {
        self.change(id, "capture").await
    }

    /// Gives up the authorisation by key, also one that never arrived; afterwards a late authorise is
    /// refused. The answer is `unknown` until the provider has confirmed: ask again. Then it is `voided`,
    /// or `failed` when the provider had refused; either way it holds no money.
    ///
    /// # Errors
    /// Refused with [`crate::INVALID_TRANSITION`] when captured, or [`crate::OPERATION_IN_PROGRESS`].
    pub async fn void(&self, id: PaymentId) -> Result<Payment, ClientError> {
        self.change(id, "void").await
    }

    /// Gives captured money back; an answer means that it is given back.
    ///
    /// # Errors
    /// Refused with [`crate::REFUND_REFUSED`] when the provider does not give it back, for good under this
    /// id, or with [`crate::REFUND_EXCEEDS_PAYMENT`], [`crate::INVALID_TRANSITION`],
    /// [`crate::PAYMENT_MISMATCH`] or [`crate::OPERATION_IN_PROGRESS`], or 503 `unknown_outcome` when
    /// the provider has not told: ask again.
    pub async fn refund(
        &self,
        id: PaymentId,
        request: &RefundRequest,
    ) -> Result<Payment, ClientError> {
        self.0.post(&format!("/internal/payments/payments/{id}/refunds")).json(request).call().await
    }

    /// A page of the payments' book.
    ///
    /// # Errors
    /// When payments cannot be reached.
    pub async fn audit_payments(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<PaymentEntry>, ClientError> {
        self.0.get("/internal/payments/audit/payments").query(page).call().await
    }

    /// A page of the ledger: the balances of some whole payments, in each currency.
    ///
    /// # Errors
    /// When payments cannot be reached.
    pub async fn audit_ledger(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<LedgerBalance>, ClientError> {
        self.0.get("/internal/payments/audit/ledger").query(page).call().await
    }

    async fn change(&self, id: PaymentId, verb: &str) -> Result<Payment, ClientError> {
        self.0.post(&format!("/internal/payments/payments/{id}/{verb}")).call().await
    }
}
