-- Whose claims wait for one another, also while the user has no cart yet whose row could be locked.
CREATE TABLE cart_owners (
    user_id BLOB NOT NULL PRIMARY KEY
) WITHOUT ROWID;
