//! The bugs that can be planted, each with a seed that finds it. Where one is planted stands its name in the
//! code, in `planted("…")`; the build is the same for all.

/// A bug.
#[derive(Clone, Copy, Debug)]
pub struct Plant {
    /// Its name.
    pub name: &'static str,
    /// What is done wrong.
    pub what: &'static str,
    /// A seed that finds it.
    pub seed: u64,
}

const fn plant(name: &'static str, seed: u64, what: &'static str) -> Plant {
    Plant { name, what, seed }
}

/// All of them.
pub const PLANTS: &[Plant] = &[
    plant("hold-kept-on-decline", 1, "a declined payment does not release the stock"),
    plant("hold-released-while-unknown", 0, "stock is released while the payment is unknown"),
    plant("ended-hold-committed", 63, "a hold that has ended is sold all the same"),
    plant("refused-hold-forgotten", 241, "a refused hold that comes again late sets stock aside"),
    plant("release-not-remembered", 2, "a release that comes before its hold is forgotten"),
    plant("confirm-without-commit", 13, "an order is confirmed although its stock may not be sold"),
    plant("release-before-void", 9, "stock is released before the payment is known to be given up"),
    plant("charge-without-key", 0, "each question charges under a key of its own"),
    plant("refund-without-key", 2, "each try of a refund is another refund"),
    plant("total-recomputed", 0, "another total is asked for than the order was frozen with"),
    plant("capture-before-commit", 0, "the money is taken before the stock is sold"),
    plant("capture-forgotten", 0, "a confirmed order's money is never taken"),
    plant("silence-taken-as-capture", 1, "a capture without an answer counts as made"),
    plant("refund-unchecked", 2, "a refund is not checked against what is left"),
    plant(
        "refund-checked-apart",
        5,
        "what is left is looked at in one transaction, promised in another",
    ),
    plant("void-not-remembered", 29, "a void that comes before its charge is forgotten"),
    plant("inbox-missing", 0, "an event that comes twice has its effect twice"),
    plant("inbox-after-commit", 1, "an event is noted as taken after its effect was committed"),
    plant("event-before-commit", 2, "an event is recorded before its change is committed"),
    plant("event-after-commit", 6, "an event is recorded after its change was committed"),
    plant("relay-skips-failed", 1, "an event whose delivery failed is skipped"),
    plant("published-before-taken", 3, "an event counts as published before it was taken"),
    plant("step-taken-before-stored", 0, "the first step is taken before the order is stored"),
    plant("two-drivers", 6, "the recovery drives what is being driven, and both store"),
    plant("recovery-asleep", 1, "nobody goes on with orders whose driver is gone"),
    plant("claim-outside-transaction", 2, "a key is claimed in a transaction of its own"),
    plant("claim-not-scoped", 0, "a key is everybody's"),
    plant("cart-bought-twice", 2, "a cart is not locked by its order"),
    plant("webhook-trusted", 11, "a webhook is taken for the payment's success"),
    plant("timeout-taken-as-decline", 0, "a payment without an answer counts as declined"),
    plant("timeout-taken-as-success", 0, "a payment without an answer counts as authorised"),
    plant("movement-not-written", 0, "goods leave without a movement"),
    plant("restock-twice", 6, "a release that is repeated gives back twice"),
    plant(
        "hold-checked-without-lock",
        20,
        "stock is looked at in one transaction, held in another",
    ),
    plant("void-refunded", 9, "what was given up is given back as well"),
    plant("webhook-order-assumed", 2, "the last webhook heard is taken for the newest"),
    plant("written-off-restocked", 6, "what comes back broken is sold again"),
    plant("return-received-twice", 6, "a return that was received is received again"),
    plant("unshipped-returned", 26, "pieces come back that never left"),
    plant("earlier-returns-paid-again", 69, "what came back before is paid for again"),
    plant("taking-back-forgotten", 6, "inventory never hears of what came back"),
    plant("return-unpaid", 6, "nothing is given back for what came back"),
    plant("rejected-return-counted", 50, "pieces that the buyer keeps cannot be asked for again"),
    plant("cancelled-once-shipped", 1, "an order is cancelled although something has left"),
    plant("claimed-cart-left-open", 1, "a cart that was claimed can be claimed again"),
    plant("claim-makes-another", 1, "each claim makes a cart of its own"),
    plant("order-shown-to-strangers", 0, "whoever is signed in sees every order"),
    plant("key-of-any-body", 66, "a key answers whatever is asked under it"),
    plant("same-sku-held-once", 17, "of two lines of the same goods only one is set aside"),
    plant("availability-untold", 0, "nobody is told that something is sold out"),
    plant("shares-rounded-up", 254, "what comes back is worth a little more than its share"),
    plant("tax-mode-forgotten", 2, "an order forgets that its prices include tax"),
    plant("edit-of-any-version", 0, "an edit is made whatever version it speaks of"),
    plant("refund-asked-again-under-its-id", 2, "what was refused is asked for again under its id"),
    plant("refund-booked-the-other-way", 2, "a refund's two sides are swapped in the ledger"),
    plant("captured-again", 0, "what was captured can be captured again"),
    plant("lost-refund-untold", 2, "orders does not hear of a refund that failed after all"),
    plant("lost-refund-not-looked-for", 18, "a refund that failed is noticed by its webhook alone"),
];
