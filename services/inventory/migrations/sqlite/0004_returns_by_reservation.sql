-- The audit reads what came back beside the orders, in the order of their ids.
CREATE INDEX returns_by_reservation ON returns (reservation_id, id);
