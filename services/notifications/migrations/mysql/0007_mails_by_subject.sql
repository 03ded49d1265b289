-- The audit reads mails beside the orders that they are about, in the order of their ids.
CREATE INDEX mails_by_subject ON mails (subject_id, id);
