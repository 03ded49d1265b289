//! What may be changed of an order that was placed: where it goes and whom it concerns. It must never
//! change what is charged, nor where something goes that has left already.

use techtrove_core::{EmailAddress, Field, Timestamp, planted};
use techtrove_orders_api::{OrderStatus, Totals};

use super::{
    Address, Line, Order,
    checkout::Route,
    status_word,
    totals::{Pieces, Pricing},
};

/// The longest note, in characters.
pub const MAX_NOTE: usize = 1_000;

/// A change of an order whose every value is acceptable by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Where goods go from now on.
    pub shipping_address: Option<Address>,
    /// Where the bill goes from now on.
    pub billing_address: Field<Address>,
    /// Where to write to from now on.
    pub email: Option<EmailAddress>,
    /// What the buyer has to say.
    pub note: Field<String>,
}

/// Why an order stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditRefusal {
    /// It has ended, or everything has left.
    #[error("an order that is {} cannot be edited any more", status_word(*.0))]
    TooLate(OrderStatus),
    /// A parcel has left.
    #[error("a parcel of the order has left: it cannot be edited any more")]
    Shipped,
    /// Taxes or shipping would be others.
    #[error("the order would cost something else there: cancel it, and order again")]
    TotalWouldChange,
}

impl Order {
    /// The order as it is after `edit`; the same version when that changes nothing.
    ///
    /// # Errors
    /// When it is too late, or the order would not cost the same.
    pub fn edited(
        &self,
        edit: &Edit,
        pricing: &Pricing,
        now: Timestamp,
    ) -> Result<Self, EditRefusal> {
        use OrderStatus::{Confirmed, Pending, Processing};
        if self.refused || !matches!(self.status, Pending | Confirmed | Processing) {
            return Err(EditRefusal::TooLate(self.status));
        }
        if self.parcel_has_left() && !planted("edited-once-packed") {
            return Err(EditRefusal::Shipped);
        }
        let mut after = self.clone();
        let delivery = &mut after.delivery;
        if let Some(address) = &edit.shipping_address {
            delivery.shipping_address = Some(address.clone());
        }
        let bill = delivery.billing_address.take();
        delivery.billing_address = edit.billing_address.clone().applied(bill);
        after.email = edit.email.clone().or(after.email);
        after.note = edit.note.clone().applied(after.note);
        if after == *self {
            return Ok(after);
        }
        if after.cost(pricing) != self.cost(pricing) && !planted("moved-at-the-old-price") {
            return Err(EditRefusal::TotalWouldChange);
        }
        after.version += 1;
        after.updated_at = now;
        Ok(after)
    }

    /// Whether goods with an address are on their way to it, or about to be. Licences have none.
    fn parcel_has_left(&self) -> bool {
        let packed = self.preparing().flat_map(|parcel| &parcel.pieces).map(|pieces| pieces.line);
        let left = self.lines.iter().filter(|line| line.shipped > 0);
        packed.filter_map(|line| self.lines.get(line)).chain(left).any(Line::ships)
    }

    /// What its lines cost on their way by today's tariffs; none where they cannot be brought. Today's,
    /// because two ways can be compared only by the same: what is charged was frozen, and stays.
    fn cost(&self, pricing: &Pricing) -> Option<Totals> {
        let route = Route::from(&self.delivery);
        let ships = self.lines.iter().any(Line::ships);
        let pieces: Vec<Pieces> = self
            .lines
            .iter()
            .map(|line| Pieces { unit_price: line.unit_price, quantity: line.quantity })
            .collect();
        let method = route.method.as_deref().filter(|_| ships);
        let totals = pricing.totals(route.destination(ships), method, &pieces);
        totals.ok().map(|(_, totals)| totals)
    }
}

/// The note without blanks around it; none when nothing is left of it.
///
/// # Errors
/// When it is too long or has control characters other than line breaks and tabs.
pub fn checked_note(text: &str) -> Result<Option<String>, String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.chars().count() > MAX_NOTE || text.contains(control) {
        return Err(format!(
            "a note has at most {MAX_NOTE} characters, without control characters other than line \
             breaks"
        ));
    }
    Ok(Some(text).filter(|text| !text.is_empty()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use techtrove_catalog_api::Fulfilment;
    use techtrove_core::{Currency, Quantity, TypedId as _};
    use techtrove_orders_api::ShipmentId;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Pieces as Packed, Shipment, ShipmentStatus, saga_world::placed};

    fn edited(order: &Order) -> Result<Order, EditRefusal> {
        let edit = Edit { note: Field::Set("Ring twice".into()), ..Edit::default() };
        order.edited(&edit, &Pricing::standard(Currency::USD), Timestamp::from_micros(9))
    }

    fn preparing(line: usize) -> Shipment {
        Shipment {
            id: ShipmentId::from_uuid(Uuid::nil()),
            status: ShipmentStatus::Preparing,
            carrier: "DHL".into(),
            tracking_number: None,
            pieces: vec![Packed { line, quantity: Quantity::new(1).expect("a quantity") }],
            withdrawn_for: None,
            claim: None,
            created_at: Timestamp::from_micros(2),
            shipped_at: None,
        }
    }

    #[test]
    fn an_order_is_edited_while_it_is_open() {
        use OrderStatus::{
            Cancelled, Confirmed, Delivered, PaymentFailed, Pending, Processing, Shipped,
        };
        for status in [Pending, Confirmed, Processing] {
            let after = edited(&Order { status, ..placed() }).expect("in time");

            assert_eq!((after.version, after.note.as_deref()), (2, Some("Ring twice")));
        }
        for status in [Shipped, Delivered, PaymentFailed, Cancelled] {
            let refused = edited(&Order { status, ..placed() });

            assert_eq!(refused, Err(EditRefusal::TooLate(status)));
        }
    }

    #[test]
    fn goods_that_left_or_are_about_to_stop_an_edit_and_licences_do_not() {
        let processing = || Order { status: OrderStatus::Processing, ..placed() };
        let packed = Order { shipments: vec![preparing(0)], ..processing() };
        let mut left = processing();
        left.lines[1].shipped = 1;
        let mut licences = left.clone();
        licences.lines[1].fulfilment = Fulfilment::Digital;

        assert_eq!(edited(&packed), Err(EditRefusal::Shipped));
        assert_eq!(edited(&left), Err(EditRefusal::Shipped));
        assert!(edited(&licences).is_ok());
    }

    #[test]
    fn a_note_is_trimmed_and_bounded() {
        assert_eq!(checked_note("  a\r\nb\t "), Ok(Some("a\nb".to_owned())));
        assert_eq!(checked_note(" \n "), Ok(None));
        assert!(checked_note(&"é".repeat(MAX_NOTE)).is_ok());
        for text in ["a\u{7}", "a\rb", &"n".repeat(MAX_NOTE + 1)] {
            assert!(checked_note(text).is_err(), "{text:?}");
        }
    }
}
