-- What detectors of answering machines decided, and what agents say it was.

CREATE TABLE answerer (
    seq        bigint NOT NULL,
    n          integer NOT NULL,
    contact    text NOT NULL,
    campaign   text NOT NULL,
    attempt    text NOT NULL,
    trunk      text NOT NULL,
    detector   text NOT NULL,
    answerer   text NOT NULL,
    labelled   text,
    stands_for integer NOT NULL,
    took_s     double precision NOT NULL,
    settled    timestamptz NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  answerer            IS 'One row per decision of a detector of answering machines, when the attempt is settled.';
COMMENT ON COLUMN answerer.seq        IS 'Entry of the journal; n is the fact''s place in it.';
COMMENT ON COLUMN answerer.attempt    IS 'The attempt, and the leg that was heard.';
COMMENT ON COLUMN answerer.answerer   IS 'What the detector said: human, machine, unsure (treated as human).';
COMMENT ON COLUMN answerer.labelled   IS 'What the agent''s disposition says it was: human, machine; null: nobody says.';
COMMENT ON COLUMN answerer.stands_for IS 'Said to be a machine and given to an agent all the same, as one of so many; 0: it was not.';
COMMENT ON COLUMN answerer.took_s     IS 'From the answer to the decision.';
COMMENT ON COLUMN answerer.settled    IS 'When.';
CREATE INDEX answerer_settled ON answerer (settled);
