INSERT INTO letters (mail_id, letter)
SELECT mail_id, json_object('language', 'en', 'matter', json_object('rendered',
    json_object('subject', subject, 'text', body, 'html', html)))
FROM mail_contents;

DROP TABLE mail_contents;
