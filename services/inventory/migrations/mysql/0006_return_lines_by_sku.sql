-- The audit sums what was written off beside the movements, in SKU order.
CREATE INDEX return_lines_by_sku ON return_lines (sku, location);
