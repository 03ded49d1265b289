INSERT INTO letters (mail_id, letter)
SELECT mail_id, JSON_OBJECT('language', 'en', 'matter', JSON_OBJECT('rendered',
    JSON_OBJECT('subject', subject, 'text', body, 'html', html)))
FROM mail_contents;

DROP TABLE mail_contents;
