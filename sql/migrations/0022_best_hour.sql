-- The best hour to call each lead, learnt from answers.

ALTER TABLE lead ADD COLUMN best_hour smallint CHECK (best_hour BETWEEN 0 AND 23);
COMMENT ON COLUMN lead.best_hour IS 'Local hour in which she answers most likely, by her own calls and those of the campaign; null: never called.';
CREATE INDEX attempt_lead ON attempt (lead);
