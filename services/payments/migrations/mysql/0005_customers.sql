ALTER TABLE payments
    ADD COLUMN owner BINARY(16),
    ADD COLUMN customer_action VARCHAR(16),
    ADD CONSTRAINT payments_customer_action CHECK (customer_action IN ('required', 'completed'));
