-- How calls come to an agent's phone.

ALTER TABLE agent ADD COLUMN phone jsonb;
COMMENT ON COLUMN agent.phone IS '{"nailed": bool}: how calls come to her phone (docs/phones.md). NULL: it rings for each call.';
