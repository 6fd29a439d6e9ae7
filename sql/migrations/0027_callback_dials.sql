-- Callbacks that the law judged: written before they are dialled, so that the next call to that number counts them.

CREATE TABLE callback_dial (
    id        text PRIMARY KEY,
    contact   text NOT NULL,
    queue     text NOT NULL,
    number    text NOT NULL,
    caller_id text NOT NULL DEFAULT '',
    began     timestamptz NOT NULL,
    answered  timestamptz,
    ended     timestamptz,
    outcome   text,
    CHECK ((ended IS NULL) = (outcome IS NULL))
);
COMMENT ON TABLE  callback_dial           IS 'One dial of a callback or by an agent''s hand, of a queue with packs of law; written before it is made.';
COMMENT ON COLUMN callback_dial.id        IS 'The channel''s id in Asterisk as well.';
COMMENT ON COLUMN callback_dial.number    IS 'PERSONAL. E.164.';
COMMENT ON COLUMN callback_dial.answered  IS 'When she answered.';
COMMENT ON COLUMN callback_dial.ended     IS 'When its outcome was known: a call that was answered goes on.';
COMMENT ON COLUMN callback_dial.outcome   IS 'answered, busy, no_answer, failed (it came to no phone), lost, void (it was not dialled); NULL while it rings.';
CREATE INDEX callback_dial_number ON callback_dial (number, began);
CREATE INDEX callback_dial_open   ON callback_dial (began) WHERE outcome IS NULL;
COMMENT ON COLUMN receipt.chain IS 'The campaign, or callbacks.QUEUE.';
