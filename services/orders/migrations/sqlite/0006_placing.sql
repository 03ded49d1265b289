-- Orders that an earlier version left at their first hold had asked nobody for money; whoever finds one
-- at the step that begins with the hold asks payments, which then never will.
UPDATE sagas SET step = 'authorize', asked_at = due_at WHERE step = 'hold' AND asked_at IS NULL;

-- Most orders are of guests who buy at once: neither index needs a row for them.
DROP INDEX orders_by_user;

CREATE INDEX orders_by_user ON orders (user_id, created_at, id) WHERE user_id IS NOT NULL;

DROP INDEX orders_by_live_cart;

CREATE UNIQUE INDEX orders_by_live_cart ON orders (live_cart_id) WHERE live_cart_id IS NOT NULL;
