-- A product's document tells of its pictures, none of which any product had before.
UPDATE products SET document = substr(document, 1, length(document) - 1) || ',"images":[]}';
