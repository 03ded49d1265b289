//! Walks through all books once, the others beside the orders' book, and hands what belongs together to the checks.

use techtrove_core::{Problem, TypedId as _};
use techtrove_inventory_api::{ReservationEntry, ReturnEntry};
use techtrove_notifications_api::MailEntry;
use techtrove_orders_api::{OrderEntry, StockClaim};
use techtrove_payments_api::{PaymentEntry, PaymentId};
use uuid::Uuid;

use super::{
    books::{Books, Charge},
    checks,
    pages::{Keyed, Pages},
    report::Report,
};

/// What a walk found.
pub(super) struct Found {
    pub(super) report: Report,
    /// Whether an event has yet to be delivered, or an order to take a step.
    pub(super) has_work: bool,
}

/// Reads all books and checks them: what does not touch each other side by side.
pub(super) async fn walk(books: &Books) -> Result<Found, Problem> {
    let (stock, (orders, moving), parcels, purchases, money) = tokio::try_join!(
        stock(books),
        Orders::walk(books),
        parcels(books),
        purchases(books),
        ledger(books),
    )?;
    let mut report = Report::default();
    for part in [stock, orders, parcels, purchases, money] {
        report.append(part);
    }
    let waiting = events(books, &mut report).await?;
    Ok(Found { has_work: waiting || moving, report })
}

async fn stock(books: &Books) -> Result<Report, Problem> {
    let (mut report, mut rows) = (Report::default(), books.stock());
    while let Some(page) = rows.next().await? {
        page.iter().for_each(|row| checks::stock(row, &mut report));
    }
    rows.report("stock rows", &mut report);
    Ok(report)
}

/// A walk along the orders, and what belongs to them.
struct Orders<'a> {
    books: &'a Books,
    report: Report,
    orders: Pages<OrderEntry>,
    reservations: Keyed<Uuid, ReservationEntry>,
    returns: Keyed<Uuid, ReturnEntry>,
    payments: Keyed<Uuid, PaymentEntry>,
    charges: Keyed<String, Charge>,
    /// Payments whose provider's books are here to be read.
    compared: usize,
    /// Whether an order has a step to take.
    moving: bool,
    mails: Keyed<Uuid, MailEntry>,
}

impl Orders<'_> {
    /// What it found, and whether an order has a step to take.
    async fn walk(books: &Books) -> Result<(Report, bool), Problem> {
        let mut walk = Orders {
            books,
            report: Report::default(),
            orders: books.orders(),
            reservations: books.reservations(),
            returns: books.returns(),
            payments: books.payments(),
            charges: books.charges(),
            compared: 0,
            moving: false,
            mails: books.mails(),
        };
        while let Some(page) = walk.orders.next().await? {
            for order in &page {
                walk.order(order).await?;
            }
        }
        walk.orphans().await?;
        walk.report_all();
        Ok((walk.report, walk.moving))
    }

    async fn order(&mut self, order: &OrderEntry) -> Result<(), Problem> {
        let now = self.books.clock.now();
        checks::order(order, &mut self.report);
        if let Some(reserved) = self.reservations.take(&order.id.uuid()).await? {
            checks::reserved(order, &reserved, &mut self.report);
        }
        if let Some(returned) = self.returns.take(&order.id.uuid()).await? {
            checks::returned(order, &returned, &mut self.report);
        }
        if let Some(payments) = self.payments.take(&order.payment).await? {
            checks::money(order, payments.last(), now, &mut self.report);
            for payment in &payments {
                self.payment(payment).await?;
            }
        }
        self.moving |= !order.settled && order.stock != StockClaim::Held;
        if let Some(mails) = self.mails.take(&order.id.uuid()).await? {
            checks::mails(order, &mails, now, &mut self.report);
        }
        Ok(())
    }

    async fn payment(&mut self, payment: &PaymentEntry) -> Result<(), Problem> {
        checks::payment(payment, self.books.clock.now(), &mut self.report);
        if payment.provider == "sandbox"
            && let Some(charges) = self.charges.take(&payment.id.to_string()).await?
        {
            checks::charged(payment, charges.last(), &mut self.report);
            self.compared += 1;
        }
        Ok(())
    }

    /// What no order claims, and no payment: of those that can be read, for of the others nobody knows.
    async fn orphans(&mut self) -> Result<(), Problem> {
        while let Some(part) = self.reservations.rest().await? {
            part.iter()
                .filter(|orphan| self.orders.can_read(orphan.reservation_id.uuid()))
                .for_each(|orphan| checks::lone_reservation(orphan, &mut self.report));
        }
        while let Some(part) = self.returns.rest().await? {
            part.iter()
                .filter(|orphan| self.orders.can_read(orphan.reservation_id.uuid()))
                .for_each(|orphan| checks::lone_return(orphan, &mut self.report));
        }
        while let Some(part) = self.payments.rest().await? {
            for orphan in &part {
                if self.orders.can_read(orphan.reference) {
                    checks::lone_payment(orphan, &mut self.report);
                }
                self.payment(orphan).await?;
            }
        }
        while let Some(part) = self.charges.rest().await? {
            part.iter()
                .filter(|orphan| match orphan.key.parse::<PaymentId>() {
                    Ok(payment) => self.payments.can_read(payment.uuid()),
                    Err(_) => true,
                })
                .for_each(|orphan| checks::lone_charge(orphan, &mut self.report));
        }
        while let Some(part) = self.mails.rest().await? {
            part.iter()
                .filter(|orphan| self.orders.can_read(orphan.subject_id))
                .for_each(|orphan| checks::lone_mail(orphan, &mut self.report));
        }
        Ok(())
    }

    /// Reports what was read.
    fn report_all(&mut self) {
        self.orders.report("orders", &mut self.report);
        self.mails.report("mails about orders", &mut self.report);
        self.reservations.report("reservations", &mut self.report);
        self.returns.report("returns", &mut self.report);
        self.payments.report("payments", &mut self.report);
        self.charges.report("charges at the sandbox", &mut self.report);
        self.report.count("payments against their provider's books", self.compared);
    }
}

async fn parcels(books: &Books) -> Result<Report, Problem> {
    let (mut report, mut parcels, mut left) = (Report::default(), books.parcels(), books.left());
    while let Some(page) = parcels.next().await? {
        for parcel in &page {
            if let Some(found) = left.take(&parcel.id).await? {
                checks::parcel(parcel, found.last(), &mut report);
            }
        }
    }
    while let Some(part) = left.rest().await? {
        part.iter()
            .filter(|orphan| parcels.can_read(orphan.id))
            .for_each(|orphan| checks::lone_parcel(orphan, &mut report));
    }
    parcels.report("parcels of orders", &mut report);
    left.report("parcels that left", &mut report);
    Ok(report)
}

async fn purchases(books: &Books) -> Result<Report, Problem> {
    let (mut report, mut bought) = (Report::default(), books.bought());
    let mut known = books.purchases();
    while let Some(page) = bought.next().await? {
        for claim in &page {
            if let Some(found) = known.take(&claim.user).await? {
                checks::purchases(claim, &found, &mut report);
            }
        }
    }
    while let Some(part) = known.rest().await? {
        part.iter()
            .filter(|orphan| bought.can_read(orphan.user))
            .for_each(|orphan| checks::lone_purchase(orphan, &mut report));
    }
    bought.report("users who have orders", &mut report);
    known.report("purchases", &mut report);
    Ok(report)
}

async fn ledger(books: &Books) -> Result<Report, Problem> {
    let (mut report, mut entries) = (Report::default(), 0);
    let mut ledger = books.ledger();
    while let Some(balances) = ledger.next().await? {
        balances.iter().for_each(|balance| checks::ledger(balance, &mut report));
        entries += balances.iter().map(|balance| balance.entries).sum::<u64>();
    }
    report.count("ledger entries", usize::try_from(entries).unwrap_or(usize::MAX));
    Ok(report)
}

/// Whether an event waits.
async fn events(books: &Books, report: &mut Report) -> Result<bool, Problem> {
    checks::parked(&books.parked().await?, report);
    let outboxes = books.unpublished().await?;
    checks::outboxes(&outboxes, books.clock.now(), report);
    Ok(outboxes.iter().any(|(_, unpublished)| unpublished.count > 0))
}
