//! What is altered by hand: at least one difference of each kind, each of one kind and no other.

use techtrove::audit::Rule;

use super::unreadable::UNREADABLE;

/// A difference by one, of one kind and no other.
#[derive(Clone, Copy)]
pub struct Plant {
    pub rule: Rule,
    pub damage: Damage,
}

/// What is altered, in whose database.
pub type Damage = &'static [(&'static str, &'static str)];

/// All of them.
pub fn all() -> impl Iterator<Item = Plant> {
    let unreadable = UNREADABLE.iter().map(|damage| plant(Rule::UnreadableRow, damage));
    unreadable.chain(PLANTS.iter().copied())
}

const fn plant(rule: Rule, damage: Damage) -> Plant {
    Plant { rule, damage }
}

const PLANTS: &[Plant] = &[
    // These two look like work that is under way, for which the audit waits.
    plant(
        Rule::OrderStuck,
        &[
            (
                "orders",
                "INSERT INTO sagas (order_id, step, attempt, tries, answered, lease_owner, due_at) \
                 SELECT MAX(id), 'capture', 1, 0, 0, MAX(id), 9000000000000000 FROM orders",
            ),
            ("orders", "UPDATE orders SET updated_at = updated_at - 1000000000"),
        ],
    ),
    plant(
        Rule::EventUnsent,
        &[
            (
                "orders",
                "UPDATE outbox SET published_at = NULL, occurred_at = occurred_at - 100000000",
            ),
            (
                "orders",
                "CREATE TRIGGER unsent BEFORE UPDATE ON outbox BEGIN SELECT RAISE(IGNORE); END",
            ),
        ],
    ),
    plant(
        Rule::StockMovements,
        &[("inventory", "UPDATE movements SET delta = delta + 1 WHERE kind = 'receive'")],
    ),
    plant(Rule::StockHeld, &[("inventory", "UPDATE stock SET held = held + 1")]),
    plant(
        Rule::StockCommitted,
        &[(
            "inventory",
            "UPDATE stock SET committed = committed - 1 WHERE committed > 0 AND keyed = 0",
        )],
    ),
    plant(Rule::StockKeys, &[("inventory", "UPDATE stock SET keyed = 1 WHERE sku = 'KEY-1'")]),
    plant(
        Rule::StockOversold,
        &[
            ("inventory", "UPDATE stock SET on_hand = on_hand - 4 WHERE sku = 'KEY-1'"),
            ("inventory", "UPDATE movements SET delta = delta - 4 WHERE sku = 'KEY-1'"),
        ],
    ),
    plant(
        Rule::OrderStock,
        &[
            (
                "inventory",
                "UPDATE reservation_lines SET quantity = quantity + 1 WHERE sku = 'KEY-1'",
            ),
            ("inventory", "UPDATE stock SET committed = committed + 2 WHERE sku = 'KEY-1'"),
        ],
    ),
    // Given back while the buyer is at their bank.
    plant(
        Rule::OrderStock,
        &[
            ("inventory", "UPDATE reservations SET state = 'released' WHERE state = 'held'"),
            ("inventory", "UPDATE stock SET held = 0"),
        ],
    ),
    plant(
        Rule::OrderReturn,
        &[("orders", "UPDATE returns SET restock = 1 - restock WHERE restock IS NOT NULL")],
    ),
    plant(
        Rule::ReturnWithoutOrder,
        &[(
            "inventory",
            "INSERT INTO returns (id, reservation_id, attempt, restocked, created_at) \
             SELECT x'0011223344556677889900aabbccddee', MIN(id), 1, 1, 0 FROM reservations",
        )],
    ),
    plant(
        Rule::ReservationWithoutOrder,
        &[(
            "inventory",
            "INSERT INTO reservations (id, attempt, state, expires_at, updated_at) \
             VALUES (x'00112233445566778899aabbccddeeff', 1, 'committed', NULL, 0)",
        )],
    ),
    // The kind is another, the sum is not.
    plant(
        Rule::StockGone,
        &[("inventory", "UPDATE movements SET kind = 'adjust' WHERE kind = 'restock'")],
    ),
    plant(
        Rule::StockGone,
        &[("inventory", "UPDATE movements SET kind = 'adjust' WHERE kind = 'write_off'")],
    ),
    plant(
        Rule::StockGone,
        &[("inventory", "UPDATE movements SET kind = 'adjust' WHERE kind = 'ship'")],
    ),
    // Of what is gone as a whole.
    plant(
        Rule::OrderStock,
        &[
            (
                "inventory",
                "UPDATE reservation_lines SET quantity = quantity + 1, shipped = shipped + 1 \
                 WHERE returned > 0",
            ),
            (
                "inventory",
                "UPDATE movements SET delta = delta - 1 WHERE kind = 'ship' AND sku = 'KEY-2' \
                 AND id = (SELECT MAX(id) FROM movements WHERE kind = 'ship' AND sku = 'KEY-2')",
            ),
            (
                "inventory",
                "UPDATE movements SET delta = delta + 1 WHERE kind = 'receive' AND sku = 'KEY-2'",
            ),
        ],
    ),
    plant(
        Rule::OrderParcel,
        &[("inventory", "UPDATE shipment_lines SET quantity = quantity + 1 WHERE sku = 'KEY-2'")],
    ),
    plant(
        Rule::OrderParcel,
        &[(
            "inventory",
            "UPDATE shipments SET reservation_id = (SELECT MIN(id) FROM reservations)",
        )],
    ),
    plant(
        Rule::ParcelWithoutOrder,
        &[(
            "inventory",
            "INSERT INTO shipments (id, reservation_id, attempt, created_at) \
             SELECT x'00112233445566778899aabbccddeeff', MIN(id), 1, 0 FROM reservations",
        )],
    ),
    plant(
        Rule::OrderPieces,
        &[("orders", "UPDATE order_lines SET returned = returned - 1 WHERE returned > 0")],
    ),
    // A parcel that nobody sends.
    plant(
        Rule::OrderPieces,
        &[(
            "orders",
            "INSERT INTO shipments (id, order_id, shipment_no, status, carrier, created_at) \
             SELECT x'00112233445566778899aabbccddeeff', MIN(id), 9, 'preparing', 'DHL', 0 FROM orders",
        )],
    ),
    plant(
        Rule::OrderHistory,
        &[("orders", "DELETE FROM order_history WHERE status = 'processing' AND kind = 'status'")],
    ),
    plant(
        Rule::OrderHistory,
        &[("orders", "UPDATE order_history SET status = 'confirmed' WHERE entry_no = 1")],
    ),
    plant(Rule::OrderNumber, &[("orders", "UPDATE orders SET number = NULL WHERE refused = 0")]),
    plant(
        Rule::OrderCart,
        &[(
            "orders",
            "UPDATE carts SET status = 'open', order_id = NULL WHERE status = 'completed'",
        )],
    ),
    plant(
        Rule::OrderCart,
        &[("orders", "UPDATE orders SET live_cart_id = NULL WHERE live_cart_id IS NOT NULL")],
    ),
    plant(Rule::OrderTotal, &[("orders", "UPDATE order_lines SET unit_price = unit_price + 1")]),
    plant(Rule::OrderTotal, &[("orders", "UPDATE order_lines SET total = total - 1")]),
    plant(Rule::OrderTotal, &[("orders", "UPDATE order_lines SET tax = tax + 1")]),
    plant(Rule::OrderTotal, &[("orders", "UPDATE orders SET subtotal = subtotal + 1")]),
    plant(Rule::OrderTotal, &[("orders", "UPDATE orders SET tax = tax + 1")]),
    plant(
        Rule::OrderMoney,
        &[("orders", "UPDATE orders SET captured = captured - 1 WHERE status = 'confirmed'")],
    ),
    plant(
        Rule::OrderMoney,
        &[(
            "orders",
            "UPDATE orders SET payment_status = 'authorized' WHERE payment_status = 'captured'",
        )],
    ),
    plant(
        Rule::OrderRefund,
        &[("orders", "UPDATE refunds SET status = 'pending' WHERE status = 'failed'")],
    ),
    plant(
        Rule::OrderRefund,
        &[("orders", "UPDATE refunds SET amount = amount + 1 WHERE status = 'failed'")],
    ),
    plant(
        Rule::OrderRefund,
        &[("orders", "UPDATE refunds SET amount = amount - 1 WHERE status = 'succeeded'")],
    ),
    plant(
        Rule::OrderMoney,
        &[(
            "payments",
            "UPDATE payments SET reference = x'00112233445566778899aabbccddeeff' \
             WHERE id = (SELECT MAX(id) FROM payments WHERE status = 'captured')",
        )],
    ),
    plant(
        Rule::OrderMoney,
        &[("payments", "UPDATE payments SET reference = NULL WHERE status = 'captured'")],
    ),
    plant(
        Rule::OrderMoney,
        &[("orders", "UPDATE orders SET payment_provider = 'stripe' WHERE status = 'confirmed'")],
    ),
    plant(
        Rule::OrderStuck,
        &[("orders", "UPDATE orders SET cancel_asked = 'a wish' WHERE status = 'confirmed'")],
    ),
    plant(Rule::OrderStuck, &[("orders", "UPDATE orders SET updated_at = 9000000000000000")]),
    plant(
        Rule::PaymentStuck,
        &[("payments", "UPDATE payments SET updated_at = 0 WHERE customer_action = 'required'")],
    ),
    plant(
        Rule::PaymentWithoutOrder,
        &[
            (
                "payments",
                "INSERT INTO payments (id, provider, amount, currency, status, captured, refunded, \
                 version, created_at, updated_at) VALUES (x'00112233445566778899aabbccddeeff', \
                 'another', 5, 'USD', 'authorized', 0, 0, 2, 0, 0)",
            ),
            (
                "payments",
                "INSERT INTO operations (payment_id, number, kind, state, amount, provider_key, \
                 attempts, next_attempt_at, opened_at, closed_at) VALUES \
                 (x'00112233445566778899aabbccddeeff', 1, 'authorize', 'done', 5, 'key', 0, 0, 0, 0)",
            ),
            (
                "payments",
                "INSERT INTO ledger_entries (payment_id, operation, line, account, amount, currency, \
                 created_at) VALUES \
                 (x'00112233445566778899aabbccddeeff', 1, 0, 'authorized_at_provider', 5, 'USD', 0), \
                 (x'00112233445566778899aabbccddeeff', 1, 1, 'authorized_by_customer', -5, 'USD', 0)",
            ),
        ],
    ),
    plant(
        Rule::PaymentLedger,
        &[
            // Both sides, over more than was taken.
            (
                "payments",
                "UPDATE ledger_entries SET amount = amount + 1 WHERE account = 'provider_receivable' \
                 AND amount > 0",
            ),
            ("payments", "UPDATE ledger_entries SET amount = amount - 1 WHERE account = 'sales'"),
        ],
    ),
    // Both sides, to another account than that of the refunds.
    plant(
        Rule::PaymentLedger,
        &[("payments", "UPDATE ledger_entries SET account = 'sales' WHERE account = 'refunds'")],
    ),
    plant(
        Rule::PaymentLedger,
        &[("payments", "UPDATE ledger_entries SET currency = 'EUR' WHERE operation = 1")],
    ),
    plant(
        Rule::PaymentStatus,
        &[
            (
                "payments",
                "UPDATE payments SET status = 'partially_refunded' WHERE status = 'captured'",
            ),
            (
                "orders",
                "UPDATE orders SET payment_status = 'partially_refunded' \
                 WHERE payment_status = 'captured'",
            ),
        ],
    ),
    plant(Rule::PaymentStuck, &[("payments", "UPDATE payments SET updated_at = 9000000000000000")]),
    plant(
        Rule::PaymentOperations,
        &[("payments", "UPDATE operations SET amount = amount + 1 WHERE kind = 'capture'")],
    ),
    // A void of what is taken, a capture that is missing, and one that nobody knows to be open.
    plant(
        Rule::PaymentOperations,
        &[(
            "payments",
            "INSERT INTO operations (payment_id, number, kind, state, open_slot, amount, \
             provider_key, attempts, next_attempt_at, opened_at) SELECT id, version + 9, 'void', \
             'open', 1, amount, 'k', 1, 9000000000000000, 0 FROM payments WHERE status = 'captured'",
        )],
    ),
    plant(
        Rule::PaymentOperations,
        &[("payments", "UPDATE operations SET state = 'superseded' WHERE kind = 'capture'")],
    ),
    plant(
        Rule::PaymentOperations,
        &[("payments", "UPDATE payments SET open_operation = version WHERE status = 'captured'")],
    ),
    plant(
        Rule::PaymentRefunds,
        &[("payments", "UPDATE operations SET amount = amount + 1 WHERE kind = 'refund'")],
    ),
    plant(
        Rule::PaymentAtProvider,
        &[
            ("sandbox", "UPDATE charges SET currency = 'EUR' WHERE currency = 'USD'"),
            ("sandbox", "UPDATE ledger SET currency = 'EUR' WHERE currency = 'USD'"),
        ],
    ),
    plant(
        Rule::PaymentAtProvider,
        &[
            ("sandbox", "UPDATE charges SET amount = amount + 1 WHERE status = 'captured'"),
            (
                "sandbox",
                "UPDATE ledger SET amount = amount + 1 WHERE entry = 'authorized' \
                 AND charge_key IN (SELECT charge_key FROM charges WHERE status = 'captured')",
            ),
        ],
    ),
    plant(
        Rule::RefundAtProvider,
        &[(
            "sandbox",
            "UPDATE refunds SET refund_key = refund_key || 'x' WHERE status = 'succeeded'",
        )],
    ),
    plant(
        Rule::RefundAtProvider,
        &[("sandbox", "UPDATE refunds SET amount = amount + 1 WHERE status = 'refused'")],
    ),
    plant(Rule::ProviderLedger, &[("sandbox", "UPDATE ledger SET amount = amount + 1")]),
    plant(Rule::ProviderLedger, &[("sandbox", "UPDATE ledger SET currency = 'EUR'")]),
    plant(
        Rule::ChargeWithoutPayment,
        &[(
            "sandbox",
            "INSERT INTO charges (charge_key, amount, currency, status, captured, refunded, \
             created_at, updated_at) VALUES ('nobody', 5, 'USD', 'authorized', 0, 0, 0, 0)",
        )],
    ),
    plant(
        Rule::LedgerBalance,
        &[(
            "payments",
            "INSERT INTO ledger_entries SELECT payment_id, operation, line + 9, 'elsewhere', 1, \
             currency, 0 FROM ledger_entries",
        )],
    ),
    plant(
        Rule::EventParked,
        &[(
            "notifications",
            "INSERT INTO dead_letters (consumer, event_id, aggregate_kind, aggregate_id, sequence, \
             event, error, attempts, parked_at) VALUES ('notifications.orders', \
             x'00112233445566778899aabbccddeeff', 'orders.order', \
             x'00112233445566778899aabbccddeeff', 1, '{}', 'no', 1, 0)",
        )],
    ),
    plant(
        Rule::OrderMail,
        &[
            (
                "notifications",
                "UPDATE mails SET original_id = id WHERE template = 'order_confirmed'",
            ),
            // A mail may be on its way for a minute.
            ("orders", "UPDATE orders SET updated_at = updated_at - 100000000"),
        ],
    ),
    plant(
        Rule::OrderMail,
        &[
            (
                "notifications",
                "UPDATE mails SET original_id = id WHERE template = 'order_cancelled'",
            ),
            // A mail may be on its way for a minute.
            ("orders", "UPDATE orders SET updated_at = updated_at - 100000000"),
        ],
    ),
    plant(
        Rule::OrderMail,
        &[
            (
                "notifications",
                "UPDATE mails SET original_id = id WHERE template = 'order_refunded'",
            ),
            // A mail may be on its way for a minute.
            ("orders", "UPDATE orders SET updated_at = updated_at - 100000000"),
        ],
    ),
    // Twice, of one that may be missing.
    plant(
        Rule::OrderMail,
        &[(
            "notifications",
            "UPDATE mails SET template = 'order_delivered' WHERE template = 'order_shipped'",
        )],
    ),
    plant(Rule::Purchase, &[("community", "DELETE FROM purchases")]),
    plant(
        Rule::Purchase,
        &[(
            "community",
            "INSERT INTO purchases (user_id, product_id) VALUES \
             (x'00112233445566778899aabbccddeeff', x'00112233445566778899aabbccddeeff')",
        )],
    ),
];

/// What no engine can sum up, and the book that cannot be read for it.
pub const OVERFLOW: (&str, Damage) = (
    "the ledger of payments",
    &[("payments", "UPDATE ledger_entries SET amount = 9223372036854775807, account = 'bogus'")],
);
