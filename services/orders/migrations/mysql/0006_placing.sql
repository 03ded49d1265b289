-- Orders that an earlier version left at their first hold had asked nobody for money; whoever finds one
-- at the step that begins with the hold asks payments, which then never will.
UPDATE sagas SET step = 'authorize', asked_at = due_at WHERE step = 'hold' AND asked_at IS NULL;
