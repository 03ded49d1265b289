-- The categories that a manager is limited to, as a JSON list of ids; none for those who are not.
ALTER TABLE users ADD COLUMN categories TEXT;
