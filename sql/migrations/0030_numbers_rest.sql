-- A number that may not be called now rests by itself, and the lead's others are tried meanwhile.

ALTER TABLE lead_number ADD COLUMN rests_until timestamptz;
COMMENT ON COLUMN lead_number.rests_until IS 'A call of it was refused until then; the lead''s other numbers go first. NULL: never refused.';
