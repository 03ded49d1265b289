INSERT INTO letters (mail_id, letter)
SELECT mail_id, CAST(json_build_object('language', 'en', 'matter', json_build_object('rendered',
    json_build_object('subject', subject, 'text', body, 'html', html))) AS TEXT)
FROM mail_contents;

DROP TABLE mail_contents;
