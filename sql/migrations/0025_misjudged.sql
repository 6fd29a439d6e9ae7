-- People who were taken for machines count as drops, wherever drops are counted.

ALTER TABLE attempt ADD COLUMN misjudged integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN attempt.misjudged IS 'People hung up on as machines for whom this one stands, whom a detector took for a machine and her agent for a person.';
