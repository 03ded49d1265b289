//! Shows payments as they are stored, without asking their providers: to the other services, to the
//! customer whose payment it is, and to staff. To everybody else a payment does not exist.

use techtrove_core::{Page, PageRequest, Problem, TypedId as _};
use techtrove_identity_api::{GuestSubject, UserId};
use techtrove_payments_api::{Payment as Shown, PaymentId, PaymentStatus};

use super::App;
use crate::{
    domain::{ActionOutcome, Payment},
    error::Error,
    store::{self, Dated, RefundTrouble},
};

/// Who looks.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Who is signed in.
    pub user_id: Option<UserId>,
    /// Whether it is staff.
    pub staff: bool,
    /// The guest's token, if one was sent.
    pub guest_token: Option<String>,
}

/// A payment as the public API shows it.
#[derive(Clone, Debug)]
pub struct View {
    /// The payment.
    pub stored: Dated,
    /// What the other services see of it.
    pub shown: Shown,
}

impl Viewer {
    /// That somebody in particular looks.
    ///
    /// # Errors
    /// [`Error::NoCredential`] when nobody does.
    pub fn require_credential(&self) -> Result<(), Error> {
        match (self.user_id, &self.guest_token) {
            (None, None) => Err(Error::NoCredential),
            _ => Ok(()),
        }
    }

    fn owns(&self, app: &App, payment: &Payment) -> bool {
        let Some(terms) = &payment.terms else { return false };
        let signed_in = self.user_id.map(UserId::uuid);
        let subject = GuestSubject::Order(terms.reference);
        let with_token =
            self.guest_token.as_ref().is_some_and(|token| app.guest_key.matches(subject, token));
        with_token || (signed_in.is_some() && terms.owner == signed_in)
    }
}

/// The payment as it stands.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn get_payment(app: &App, id: PaymentId) -> Result<Shown, Error> {
    let found = app.db.lookup("payments.get", move |tx| store::lookup(tx, id)).await?;
    Ok(app.show(&found.ok_or(Error::NoSuchPayment)?))
}

/// The payment, if the viewer may see it.
///
/// # Errors
/// [`Error::NoCredential`] for nobody in particular, [`Error::NoSuchPayment`], or when the database
/// does not answer.
pub async fn view_payment(app: &App, id: PaymentId, viewer: &Viewer) -> Result<View, Error> {
    viewer.require_credential()?;
    let found = app.db.lookup("payments.view", move |tx| store::lookup_dated(tx, id)).await?;
    let stored = found.ok_or(Error::NoSuchPayment)?;
    if viewer.staff || viewer.owns(app, &stored.payment) {
        view(app, stored)
    } else {
        Err(Error::NoSuchPayment)
    }
}

/// Completes the action of the viewer's own payment and shows what came of it.
///
/// # Errors
/// As [`view_payment`] and [`super::complete_action`]; [`Error::NotTheCustomer`] for staff.
pub async fn complete_own_action(
    app: &App,
    id: PaymentId,
    viewer: &Viewer,
    outcome: ActionOutcome,
) -> Result<View, Error> {
    let before = view_payment(app, id, viewer).await?;
    if !viewer.owns(app, &before.stored.payment) {
        return Err(Error::NotTheCustomer);
    }
    super::complete_action(app, id, outcome).await?;
    view_payment(app, id, viewer).await
}

/// Voids a payment whose outcome nobody knows and shows what came of it.
///
/// # Errors
/// As [`super::void_unknown`].
pub async fn void_for_staff(app: &App, id: PaymentId) -> Result<View, Error> {
    super::void_unknown(app, id).await?;
    let found = app.db.lookup("payments.view", move |tx| store::lookup_dated(tx, id)).await?;
    view(app, found.ok_or(Error::NoSuchPayment)?)
}

/// A page of the payments of this status and with this trouble, or of all, newest first.
///
/// # Errors
/// When the page request is not valid or the database does not answer.
pub async fn list_payments(
    app: &App,
    wanted: (Option<PaymentStatus>, Option<RefundTrouble>),
    page: &PageRequest,
) -> Result<Page<View>, Problem> {
    let limit = page.limit()?;
    let before: Option<PaymentId> = page.after()?;
    let surplus = limit.saturating_add(1);
    let rows =
        app.db.read("payments.list", move |tx| store::list(tx, wanted, before, surplus)).await?;
    let page = Page::from_surplus(rows, limit, |dated| dated.payment.id);
    let items = page.items.into_iter().map(|dated| view(app, dated));
    let items = items.collect::<Result<_, _>>()?;
    Ok(Page { items, next_cursor: page.next_cursor })
}

fn view(app: &App, stored: Dated) -> Result<View, Error> {
    let shown = app.show(&stored.payment);
    Ok(View { stored, shown })
}
