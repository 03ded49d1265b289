ALTER TABLE payments ADD COLUMN owner BYTEA CHECK (octet_length(owner) = 16);
ALTER TABLE payments ADD COLUMN customer_action TEXT CHECK (customer_action IN ('required', 'completed'));
