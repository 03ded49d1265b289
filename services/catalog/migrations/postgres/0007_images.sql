-- A product's document tells of its pictures, none of which any product had before.
UPDATE products SET document = left(document, length(document) - 1) || ',"images":[]}';
