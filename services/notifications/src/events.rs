//! What notifications listens to: orders and identity. It publishes nothing.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Subscription, Taken};
use techtrove_core::planted;
use techtrove_identity_api::{
    EMAIL_CHANGED, EMAIL_VERIFICATION_REQUESTED, EMAIL_VERIFICATION_REQUESTED_V1, EmailChanged,
    EmailVerificationRequested, EmailVerificationRequestedV1, PASSWORD_CHANGED,
    PASSWORD_RESET_REQUESTED, PASSWORD_RESET_REQUESTED_V1, PasswordChanged, PasswordResetRequested,
    PasswordResetRequestedV1, Recipient, USER_AGGREGATE, USER_REGISTERED, USER_REGISTERED_V1,
    UserId, UserRegistered, UserRegisteredV1,
};
use techtrove_orders_api::{
    MailQuery, ORDER_AGGREGATE, ORDER_CANCELLED, ORDER_CONFIRMED, ORDER_DELIVERED,
    ORDER_KEYS_DELIVERED, ORDER_PARCEL_SHIPPED, ORDER_PAYMENT_FAILED, ORDER_REFUNDED, OrderChanged,
    OrderRefunded, ParcelShipped,
};

use crate::{
    app::{self, App, WantedMail},
    domain::{AccountMail, LinkSecret, OrderMail},
};

/// How notifications is known to the bus as a reader of orders' events.
pub(crate) const ORDERS_CONSUMER: &str = "notifications.orders";

/// How notifications is known to the bus as a reader of identity's events.
pub(crate) const IDENTITY_CONSUMER: &str = "notifications.identity";

/// What notifications listens to.
pub(crate) fn subscriptions(app: &App) -> Vec<Subscription> {
    let of_orders = app.clone();
    let of_identity = app.clone();
    vec![
        Subscription {
            consumer: ORDERS_CONSUMER,
            aggregate_kinds: &[ORDER_AGGREGATE],
            db: app.db.clone(),
            handler: Arc::new(move |event| on_order_event(of_orders.clone(), event)),
        },
        Subscription {
            consumer: IDENTITY_CONSUMER,
            aggregate_kinds: &[USER_AGGREGATE],
            db: app.db.clone(),
            handler: Arc::new(move |event| on_user_event(of_identity.clone(), event)),
        },
    ]
}

/// Writes to the buyer of an order of which something became.
async fn on_order_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    match wanted(&event)? {
        Some(mail) => app::write_order_mail(&app, event, mail).await,
        None => Ok(Taken::Ignored),
    }
}

fn wanted(event: &Event) -> Result<Option<WantedMail>, HandlerError> {
    let mut query = MailQuery::default();
    let mail = match event.kind.as_str() {
        ORDER_CONFIRMED => OrderMail::Confirmed,
        ORDER_PAYMENT_FAILED => OrderMail::PaymentFailed,
        ORDER_PARCEL_SHIPPED => {
            query.parcel = Some(event.decode_data::<ParcelShipped>()?.shipment_id);
            OrderMail::ParcelShipped
        }
        ORDER_DELIVERED => OrderMail::Delivered,
        ORDER_CANCELLED => OrderMail::Cancelled,
        ORDER_REFUNDED => {
            let refund = event.decode_data::<OrderRefunded>()?.refund_id;
            query.refund = Some(refund).filter(|_| !planted("mail-without-its-refund"));
            OrderMail::Refunded
        }
        ORDER_KEYS_DELIVERED => {
            query.licence_keys = true;
            OrderMail::LicenceKeys
        }
        _ => return Ok(None),
    };
    let order = event.decode_data::<OrderChanged>()?.order_id;
    Ok(Some(WantedMail { order, mail, query }))
}

/// Writes to the owner of an account of which something became.
async fn on_user_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    match about_account(&event)? {
        Some((owner, mail)) => app::write_account_mail(&app, event, owner, mail).await,
        None => Ok(Taken::Ignored),
    }
}

/// Whom a mail about an account goes to, and what it is for.
type AccountLetter = ((UserId, Recipient), AccountMail);

fn about_account(event: &Event) -> Result<Option<AccountLetter>, HandlerError> {
    let (owner, mail) = match event.kind.as_str() {
        USER_REGISTERED => {
            let data: UserRegistered = event.decode_data()?;
            ((data.user_id, data.to), AccountMail::Welcome(LinkSecret::Id(data.secret_id)))
        }
        EMAIL_VERIFICATION_REQUESTED => {
            let data: EmailVerificationRequested = event.decode_data()?;
            ((data.user_id, data.to), AccountMail::VerifyEmail(LinkSecret::Id(data.secret_id)))
        }
        PASSWORD_RESET_REQUESTED => {
            let data: PasswordResetRequested = event.decode_data()?;
            ((data.user_id, data.to), AccountMail::ResetPassword(LinkSecret::Id(data.secret_id)))
        }
        PASSWORD_CHANGED => {
            let data: PasswordChanged = event.decode_data()?;
            ((data.user_id, data.to), AccountMail::PasswordChanged)
        }
        EMAIL_CHANGED => {
            let data: EmailChanged = event.decode_data()?;
            ((data.user_id, data.to), AccountMail::EmailChanged)
        }
        _ => return about_account_by_version_1(event),
    };
    Ok(Some((owner, mail)))
}

/// The same of an event that an earlier version of the shop left on its way, which tells the secret itself.
fn about_account_by_version_1(event: &Event) -> Result<Option<AccountLetter>, HandlerError> {
    let (owner, mail) = match event.kind.as_str() {
        USER_REGISTERED_V1 => {
            let data: UserRegisteredV1 = event.decode_data()?;
            let secret = LinkSecret::Told(data.verification_token);
            ((data.user_id, data.to), AccountMail::Welcome(secret))
        }
        EMAIL_VERIFICATION_REQUESTED_V1 => {
            let data: EmailVerificationRequestedV1 = event.decode_data()?;
            ((data.user_id, data.to), AccountMail::VerifyEmail(LinkSecret::Told(data.token)))
        }
        PASSWORD_RESET_REQUESTED_V1 => {
            let data: PasswordResetRequestedV1 = event.decode_data()?;
            ((data.user_id, data.to), AccountMail::ResetPassword(LinkSecret::Told(data.token)))
        }
        _ => return Ok(None),
    };
    Ok(Some((owner, mail)))
}
