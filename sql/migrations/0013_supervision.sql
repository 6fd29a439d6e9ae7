-- Who supervises whom, and rows of supervision, folded from the journal (callcenter/core/monitor_records.py).

ALTER TABLE agent ADD COLUMN team text;
ALTER TABLE agent ADD COLUMN supervises jsonb;
COMMENT ON COLUMN agent.team       IS 'The team she belongs to; NULL: none.';
COMMENT ON COLUMN agent.supervises IS '{"queues": [..], "teams": [..], "everything": bool}: what she may hear and steer. NULL: she is no supervisor.';

CREATE TABLE monitoring (
    seq        bigint NOT NULL,
    n          integer NOT NULL,
    monitor    text NOT NULL,
    supervisor text NOT NULL,
    agent      text NOT NULL,
    contact    text NOT NULL,
    state      text NOT NULL,
    seconds    double precision NOT NULL,
    began      timestamptz NOT NULL,
    ended      timestamptz NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  monitoring            IS 'One row per stretch in which a supervisor heard a talk: the audit of supervision.';
COMMENT ON COLUMN monitoring.seq        IS 'Entry of the journal; n is the fact''s place in it.';
COMMENT ON COLUMN monitoring.monitor    IS 'The supervisor''s call in which it happened.';
COMMENT ON COLUMN monitoring.agent      IS 'Whose talk it was.';
COMMENT ON COLUMN monitoring.state      IS 'listening: nobody heard her. whispering: the agent did. barged: everybody did.';
CREATE INDEX monitoring_began ON monitoring (began);
CREATE INDEX monitoring_contact ON monitoring (contact);
CREATE INDEX monitoring_supervisor ON monitoring (supervisor, began);

CREATE TABLE steering (
    seq     bigint NOT NULL,
    n       integer NOT NULL,
    contact text NOT NULL,
    queue   text NOT NULL,
    what    text NOT NULL,
    by      text NOT NULL,
    steered timestamptz NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  steering         IS 'One row per act of a supervisor upon a waiting contact: moved, prioritised, picked.';
COMMENT ON COLUMN steering.seq     IS 'Entry of the journal; n is the fact''s place in it.';
COMMENT ON COLUMN steering.queue   IS 'Where it waited.';
COMMENT ON COLUMN steering.what    IS 'In words.';
COMMENT ON COLUMN steering.by      IS 'Who asked for it.';
CREATE INDEX steering_steered ON steering (steered);
CREATE INDEX steering_contact ON steering (contact);
