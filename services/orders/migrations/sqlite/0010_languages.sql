ALTER TABLE orders ADD COLUMN languages TEXT;
