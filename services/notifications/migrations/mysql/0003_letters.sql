UPDATE mails SET recipient_folded = LOWER(recipient);

CREATE TABLE letters (
    mail_id BINARY(16) NOT NULL PRIMARY KEY,
    letter  MEDIUMTEXT COLLATE utf8mb4_bin NOT NULL,
    FOREIGN KEY (mail_id) REFERENCES mails (id)
);
