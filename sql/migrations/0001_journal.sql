-- The ledger: what the engine was told and answered, in order. Everything else can be built anew from it.

CREATE TABLE journal (
    seq     bigint PRIMARY KEY,
    at_s    double precision NOT NULL,
    at      timestamptz GENERATED ALWAYS AS (to_timestamp(at_s)) STORED,
    event   jsonb NOT NULL,
    outputs jsonb NOT NULL
);
COMMENT ON TABLE  journal         IS 'Append-only. One row per decision of the engine: event in, commands and facts out.';
COMMENT ON COLUMN journal.seq     IS 'Counts from 1 without a gap.';
COMMENT ON COLUMN journal.at_s    IS 'UTC seconds, exactly as the engine saw them (at is rounded to microseconds).';
COMMENT ON COLUMN journal.event   IS 'PERSONAL. What the engine was told.';
COMMENT ON COLUMN journal.outputs IS 'PERSONAL. What it answered: commands and facts, in order.';

-- Entries come in the order of time, so a few kilobytes of block ranges find any hour.
CREATE INDEX journal_at ON journal USING brin (at);

-- All entries of one contact. A table and not a GIN index on an array: its pages fill from the right, and no insert
-- ever pays for flushing a pending list.
CREATE TABLE journal_contact (
    contact text NOT NULL,
    seq     bigint NOT NULL,
    PRIMARY KEY (contact, seq)
);
COMMENT ON TABLE journal_contact IS 'Which entries of the journal speak of which contact.';

-- One row. It moves in the transaction that writes the entries up to it: this is what makes "exactly once" true.
CREATE TABLE journal_mark (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq      bigint NOT NULL
);
COMMENT ON TABLE journal_mark IS 'How far the journal, and every row folded from it, is written.';
INSERT INTO journal_mark (seq) VALUES (0);

-- An entry that Postgres would not take (data it cannot hold) is kept as bytes, so that it is neither lost nor in the way.
CREATE TABLE journal_refused (
    seq        bigint PRIMARY KEY,
    line       bytea NOT NULL,
    problem    text NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  journal_refused      IS 'Entries that could not be stored in journal; their rows are missing. Normally empty.';
COMMENT ON COLUMN journal_refused.line IS 'PERSONAL. The entry as JSON.';

CREATE TABLE snapshot (
    seq   bigint PRIMARY KEY,
    at_s  double precision NOT NULL,
    at    timestamptz GENERATED ALWAYS AS (to_timestamp(at_s)) STORED,
    build text NOT NULL,
    state bytea NOT NULL
);
COMMENT ON TABLE  snapshot       IS 'The engine''s state after entry seq, so that a restart need not replay everything.';
COMMENT ON COLUMN snapshot.build IS 'The build that wrote it; another build replays instead of trusting it.';
COMMENT ON COLUMN snapshot.state IS 'PERSONAL. The state, in the engine''s own encoding.';
