ALTER TABLE payments ADD COLUMN owner BLOB CHECK (length(owner) = 16);
ALTER TABLE payments ADD COLUMN customer_action TEXT CHECK (customer_action IN ('required', 'completed'));
