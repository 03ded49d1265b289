-- A product's document tells of its pictures, none of which any product had before.
UPDATE products SET document = CONCAT(LEFT(document, CHAR_LENGTH(document) - 1), ',"images":[]}');
