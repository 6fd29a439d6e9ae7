-- Rows of surveys, folded from the journal (callcenter/core/records.py), written in the same transaction as their entries.

CREATE TABLE survey_offer (
    seq     bigint NOT NULL,
    n       integer NOT NULL,
    contact text NOT NULL,
    survey  text NOT NULL,
    queue   text NOT NULL,
    agent   text NOT NULL,
    offered timestamptz NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  survey_offer        IS 'One row per contact that was led into a survey when its agent had hung up.';
COMMENT ON COLUMN survey_offer.seq    IS 'Entry of the journal; n is the fact''s place in it.';
COMMENT ON COLUMN survey_offer.survey IS 'The flow.';
COMMENT ON COLUMN survey_offer.queue  IS 'The queue that the talk came from.';
COMMENT ON COLUMN survey_offer.agent  IS 'Whom the survey is about.';
CREATE INDEX survey_offer_offered ON survey_offer (offered);
CREATE INDEX survey_offer_contact ON survey_offer (contact);

CREATE TABLE survey_answer (
    seq      bigint NOT NULL,
    n        integer NOT NULL,
    contact  text NOT NULL,
    survey   text NOT NULL,
    question text NOT NULL,
    queue    text,
    agent    text,
    answer   integer,
    comment  text,
    answered timestamptz NOT NULL,
    PRIMARY KEY (seq, n),
    CHECK ((answer IS NULL) <> (comment IS NULL))
);
COMMENT ON TABLE  survey_answer         IS 'One row per question that a caller answered.';
COMMENT ON COLUMN survey_answer.seq     IS 'Entry of the journal; n is the fact''s place in it.';
COMMENT ON COLUMN survey_answer.queue   IS 'The contact''s last queue; NULL if it was in none.';
COMMENT ON COLUMN survey_answer.agent   IS 'The contact''s last agent; NULL if it had none.';
COMMENT ON COLUMN survey_answer.answer  IS 'The key: 0 to 9.';
COMMENT ON COLUMN survey_answer.comment IS 'The recording of a spoken comment.';
CREATE INDEX survey_answer_answered ON survey_answer (answered);
CREATE INDEX survey_answer_contact ON survey_answer (contact);
