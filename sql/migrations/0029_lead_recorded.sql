-- Rules of recycling for dispositions count how often each was recorded, and not how often she has answered.

ALTER TABLE lead ADD COLUMN recorded jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN lead.recorded IS 'How often agents have recorded each disposition of her in campaigns: {"call_later": 2}.';
