//! What is altered by hand so that its service cannot read it: rows of each table that the audit reads, their own
//! values and their ids.

use super::plants::Damage;

/// The first of them also in a shop that runs, where they hide none of the other differences: so many, of these tables.
pub const WHILE_RUNNING: [&str; 3] = ["reservations", "mails", "charges"];

pub const UNREADABLE: &[Damage] = &[
    &[("inventory", "UPDATE reservations SET updated_at = 'late' WHERE state = 'held'")],
    &[("notifications", "UPDATE mails SET updated_at = 'late' WHERE template = 'order_cancelled'")],
    &[("sandbox", "UPDATE charges SET decline_code = 'bogus' WHERE status = 'declined'")],
    &[("orders", "UPDATE orders SET status = 'bogus'")],
    &[("orders", "UPDATE orders SET currency = 'XXQ'")],
    &[("orders", "UPDATE order_lines SET sku = ''")],
    &[("orders", "UPDATE order_lines SET fulfilment = 'bogus'")],
    &[("orders", "UPDATE order_history SET status = 'bogus' WHERE status = 'processing'")],
    &[("orders", "UPDATE refunds SET status = 'bogus'")],
    &[("orders", "UPDATE shipments SET status = 'bogus'")],
    &[("orders", "UPDATE returns SET booking = 'bogus'")],
    &[("orders", "UPDATE sagas SET step = 'bogus'")],
    &[("orders", "UPDATE sagas SET tries = 'many'")],
    &[("payments", "UPDATE operations SET kind = 'bogus' WHERE kind = 'authorize'")],
    &[("payments", "UPDATE payments SET customer_action = 'bogus'")],
    &[("inventory", "UPDATE stock SET availability = 'bogus'")],
    &[("inventory", "UPDATE reservations SET expires_at = 'late'")],
    &[("notifications", "UPDATE mails SET state = 'bogus'")],
    &[("payments", "UPDATE payments SET currency = 'XXQ'")],
    &[("payments", "UPDATE payments SET status = 'bogus'")],
    &[("payments", "UPDATE operations SET state = 'bogus' WHERE kind = 'refund'")],
    &[("payments", "UPDATE ledger_entries SET currency = 'XXQ'")],
    &[("inventory", "UPDATE stock SET on_hand = 'many'")],
    &[("inventory", "UPDATE movements SET kind = 'bogus' WHERE kind = 'receive'")],
    // The same letters as bytes, which no text finds.
    &[("orders", "UPDATE orders SET status = CAST(status AS BLOB) WHERE status = 'confirmed'")],
    &[("orders", "UPDATE order_lines SET sku = CAST(sku AS BLOB)")],
    &[("inventory", "UPDATE shipment_lines SET sku = CAST(sku AS BLOB)")],
    &[("inventory", "UPDATE shipment_lines SET quantity = 'many'")],
    &[("inventory", "UPDATE returns SET created_at = 'late'")],
    // The provider's own book.
    &[("sandbox", "UPDATE charges SET token = 'bogus'")],
    &[("sandbox", "UPDATE charges SET status = 'bogus' WHERE status = 'captured'")],
    &[("sandbox", "UPDATE charges SET currency = 'XXQ'")],
    &[("sandbox", "UPDATE ledger SET currency = 'XXQ' WHERE entry = 'captured'")],
    &[("sandbox", "UPDATE refunds SET status = 'bogus'")],
    &[("sandbox", "UPDATE refunds SET failure_code = 'bogus' WHERE failure_code IS NOT NULL")],
    &[(
        "sandbox",
        "INSERT INTO charges (charge_key, amount, currency, status, captured, refunded, \
         created_at, updated_at) VALUES ('no key', 5, 'USD', 'authorized', 0, 0, 0, 0)",
    )],
    // Ids of another kind, which SQLite sorts before all others, or behind them.
    &[
        (
            "orders",
            "INSERT INTO orders (id, status, refused, payment_id, payment_provider, payment_status, captured, \
             currency, subtotal, discount, shipping, tax, total, version, created_at, updated_at) \
             SELECT 'bogus', status, 1, payment_id, payment_provider, payment_status, captured, \
             currency, subtotal, discount, shipping, tax, total, version, created_at, updated_at FROM orders \
             WHERE status = 'payment_failed'",
        ),
        (
            "orders",
            "INSERT INTO order_history (order_id, entry_no, kind, status, at) \
             VALUES ('bogus', 1, 'status', 'pending', 0)",
        ),
    ],
    &[(
        "orders",
        "INSERT INTO shipments (id, order_id, shipment_no, status, carrier, created_at) \
         SELECT 'bogus', MIN(id), 9, 'shipped', 'DHL', 0 FROM orders",
    )],
    &[(
        "payments",
        "INSERT INTO payments (id, provider, amount, currency, status, captured, refunded, version, \
         created_at, updated_at) VALUES (x'07', 'another', 5, 'USD', 'authorized', 0, 0, 2, 0, 0)",
    )],
    &[(
        "inventory",
        "INSERT INTO reservations (id, attempt, state, expires_at, updated_at) \
         VALUES ('bogus', 1, 'committed', NULL, 0)",
    )],
    &[(
        "inventory",
        "INSERT INTO shipments (id, reservation_id, attempt, created_at) \
         SELECT 'bogus', MIN(id), 1, 0 FROM reservations",
    )],
    &[(
        "inventory",
        "INSERT INTO returns (id, reservation_id, attempt, restocked, created_at) \
         SELECT 'bogus', MIN(id), 1, 1, 0 FROM reservations",
    )],
    &[(
        "inventory",
        "INSERT INTO stock (id, sku, location, on_hand, held, committed, low_stock_threshold, \
         availability, version, updated_at) SELECT x'00112233445566778899aabbccddeeff', \
         CAST(sku AS BLOB), location, on_hand, held, committed, low_stock_threshold, \
         availability, version, updated_at FROM stock WHERE sku = 'KEY-1'",
    )],
    &[("notifications", "UPDATE mails SET subject_id = 'bogus' WHERE template = 'order_shipped'")],
    &[("community", "INSERT INTO purchases (user_id, product_id) VALUES ('bogus', 'bogus')")],
    // Bytes that are no id, before all others, among them, and behind them.
    &[(
        "inventory",
        "INSERT INTO reservations (id, attempt, state, expires_at, updated_at) \
         VALUES (x'00', 1, 'committed', NULL, 0)",
    )],
    &[(
        "inventory",
        "INSERT INTO reservations (id, attempt, state, expires_at, updated_at) \
         SELECT substr(MAX(id), 1, 15), 1, 'committed', NULL, 0 FROM reservations",
    )],
    &[(
        "inventory",
        "INSERT INTO reservations (id, attempt, state, expires_at, updated_at) \
         VALUES (x'ff', 1, 'committed', NULL, 0)",
    )],
];
