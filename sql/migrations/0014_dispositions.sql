-- What agents record of their talks. Folded from the journal; nothing is overwritten.

CREATE TABLE disposition_due (
    seq        bigint NOT NULL,
    n          integer NOT NULL,
    contact    text NOT NULL,
    agent      text NOT NULL,
    queue      text NOT NULL,
    tree       text NOT NULL,
    talk_ended timestamptz NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  disposition_due            IS 'One row per talk that ended without the disposition that its queue requires. It is missing as long as disposition has none of this contact and agent.';
COMMENT ON COLUMN disposition_due.tree       IS 'The tree of outcomes it was to be taken from.';
COMMENT ON COLUMN disposition_due.talk_ended IS 'When the talk ended.';
CREATE INDEX disposition_due_talk_ended ON disposition_due (talk_ended);
CREATE INDEX disposition_due_contact ON disposition_due (contact);

CREATE TABLE disposition (
    seq         bigint NOT NULL,
    n           integer NOT NULL,
    contact     text NOT NULL,
    agent       text NOT NULL,
    queue       text NOT NULL,
    tree        text NOT NULL,
    code        text NOT NULL,
    label       text NOT NULL,
    number      integer NOT NULL,
    recorded_by text NOT NULL,
    note        text NOT NULL,
    fields      jsonb NOT NULL,
    callback    text,
    talk_ended  timestamptz,
    recorded    timestamptz NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  disposition             IS 'What came of a talk, as it was recorded: one row per time. The latest of a contact and agent holds.';
COMMENT ON COLUMN disposition.agent       IS 'Whose talk it was.';
COMMENT ON COLUMN disposition.code        IS 'The outcome: its way through the tree, with points between.';
COMMENT ON COLUMN disposition.label       IS 'What a screen showed for it then.';
COMMENT ON COLUMN disposition.number      IS '1, 2 ...: 1 was recorded first, each further one changed it.';
COMMENT ON COLUMN disposition.recorded_by IS 'Who recorded it; empty: the agent, on her phone.';
COMMENT ON COLUMN disposition.note        IS 'PERSONAL. Free text.';
COMMENT ON COLUMN disposition.fields      IS 'PERSONAL. The fields that were filled in: {name: value}.';
COMMENT ON COLUMN disposition.callback    IS 'The contact that was promised a callback with it.';
COMMENT ON COLUMN disposition.talk_ended  IS 'When the talk ended; NULL: it was recorded during the talk, or of one long past.';
CREATE INDEX disposition_recorded ON disposition (recorded);
CREATE INDEX disposition_contact ON disposition (contact);

CREATE VIEW disposition_now AS
SELECT DISTINCT ON (contact, agent) *
FROM disposition
ORDER BY contact, agent, seq DESC, n DESC;
COMMENT ON VIEW disposition_now IS 'What holds of each talk: its latest disposition.';
