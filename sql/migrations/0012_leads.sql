-- Who is to be called, who will not be called, who was called, and the proof of it.

CREATE TABLE lead_list (
    name       text PRIMARY KEY,
    imported   timestamptz NOT NULL DEFAULT now(),
    region     text NOT NULL,
    leads      bigint NOT NULL DEFAULT 0,
    refused    bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE  lead_list            IS 'Lists of leads, as they were imported.';
COMMENT ON COLUMN lead_list.region     IS 'ISO 3166: how numbers without a country code were read.';
COMMENT ON COLUMN lead_list.refused    IS 'Rows that could not be read; the import wrote each with its reason to a file.';
COMMENT ON COLUMN lead_list.duplicates IS 'Rows left out because a number of theirs was there already.';

CREATE TABLE lead (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list       text NOT NULL REFERENCES lead_list (name),
    reference  text NOT NULL DEFAULT '',
    name       text NOT NULL DEFAULT '',
    priority   integer NOT NULL DEFAULT 0,
    zone       text NOT NULL DEFAULT '',
    zones      text NOT NULL DEFAULT '',
    part       text NOT NULL DEFAULT '',
    custom     jsonb NOT NULL DEFAULT '{}',
    shuffle    double precision NOT NULL DEFAULT random(),
    created    timestamptz NOT NULL DEFAULT now(),
    state      text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'waiting', 'claimed', 'done', 'refused')),
    next_at    timestamptz,
    claimed_by text,
    attempts   integer NOT NULL DEFAULT 0,
    outcome    text NOT NULL DEFAULT '',
    outcomes   jsonb NOT NULL DEFAULT '{}',
    answers    smallint[] NOT NULL DEFAULT '{}',
    CHECK ((state = 'claimed') = (claimed_by IS NOT NULL)),
    CHECK (state <> 'waiting' OR next_at IS NOT NULL)
);
COMMENT ON TABLE  lead            IS 'One person to call.';
COMMENT ON COLUMN lead.reference  IS 'PERSONAL. What the list''s owner calls this person.';
COMMENT ON COLUMN lead.name       IS 'PERSONAL.';
COMMENT ON COLUMN lead.zone       IS 'The time zone that the list says she is in; '''': it does not.';
COMMENT ON COLUMN lead.zones      IS 'Every zone that she may be in, by number and by what the list says, with blanks between: the group that is open or closed.';
COMMENT ON COLUMN lead.part       IS 'State or province, for its days off.';
COMMENT ON COLUMN lead.custom     IS 'PERSONAL. The list''s other columns.';
COMMENT ON COLUMN lead.shuffle    IS 'Her place when a list is called at random.';
COMMENT ON COLUMN lead.state      IS 'ready; waiting until next_at; claimed by a dialler; done; refused for good (do-not-call, no number left).';
COMMENT ON COLUMN lead.attempts   IS 'How often she was dialled, on any number.';
COMMENT ON COLUMN lead.outcome    IS 'Of the last attempt.';
COMMENT ON COLUMN lead.outcomes   IS 'How often each outcome came, for rules of recycling.';
COMMENT ON COLUMN lead.answers    IS 'Local hours in which a person answered.';
CREATE INDEX lead_by_priority ON lead (list, priority DESC, id)   WHERE state = 'ready';
CREATE INDEX lead_by_newest   ON lead (list, created DESC, id)    WHERE state = 'ready';
CREATE INDEX lead_by_attempts ON lead (list, attempts, id)        WHERE state = 'ready';
CREATE INDEX lead_by_shuffle  ON lead (list, shuffle, id)         WHERE state = 'ready';
CREATE INDEX lead_waiting     ON lead (list, next_at)             WHERE state = 'waiting';
CREATE INDEX lead_claimed     ON lead (claimed_by)                WHERE state = 'claimed';
CREATE INDEX lead_of_list     ON lead (list, zones, state);

CREATE TABLE lead_number (
    lead     bigint NOT NULL REFERENCES lead (id) ON DELETE CASCADE,
    n        smallint NOT NULL,
    number   text NOT NULL,
    label    text NOT NULL DEFAULT '',
    region   text NOT NULL,
    line     text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    dead     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (lead, n)
);
COMMENT ON TABLE  lead_number          IS 'The numbers of a lead, in the order in which they are tried.';
COMMENT ON COLUMN lead_number.number   IS 'PERSONAL. E.164.';
COMMENT ON COLUMN lead_number.label    IS 'What the list calls it: mobile, home, work.';
COMMENT ON COLUMN lead_number.region   IS 'ISO 3166, by the number.';
COMMENT ON COLUMN lead_number.line     IS 'Kind of line by the number''s plan: fixed, mobile, premium ...';
COMMENT ON COLUMN lead_number.dead     IS 'Not tried any more: it does not exist.';
CREATE INDEX lead_number_number ON lead_number (number);

CREATE TABLE attempt (
    id        text PRIMARY KEY,
    lead      bigint NOT NULL REFERENCES lead (id),
    number    text NOT NULL,
    campaign  text NOT NULL,
    dialler   text NOT NULL,
    trunk     text NOT NULL DEFAULT '',
    caller_id text NOT NULL DEFAULT '',
    hour      smallint,
    began     timestamptz NOT NULL,
    answered  timestamptz,
    ended     timestamptz,
    outcome   text,
    CHECK ((ended IS NULL) = (outcome IS NULL))
);
COMMENT ON TABLE  attempt           IS 'One dial, written before it is made.';
COMMENT ON COLUMN attempt.id        IS 'The channel''s id in Asterisk as well.';
COMMENT ON COLUMN attempt.number    IS 'PERSONAL. E.164.';
COMMENT ON COLUMN attempt.hour      IS 'The called person''s local hour when it began.';
COMMENT ON COLUMN attempt.answered  IS 'When a person answered.';
COMMENT ON COLUMN attempt.outcome   IS 'NULL while it lasts; void: it was written and never dialled.';
CREATE UNIQUE INDEX attempt_open_lead   ON attempt (lead)   WHERE outcome IS NULL;
CREATE UNIQUE INDEX attempt_open_number ON attempt (number) WHERE outcome IS NULL;
CREATE INDEX attempt_number   ON attempt (number, began);
CREATE INDEX attempt_answered ON attempt (campaign, answered) WHERE answered IS NOT NULL;
CREATE INDEX attempt_campaign ON attempt (campaign, began);
CREATE INDEX attempt_caller   ON attempt (caller_id, began);

CREATE TABLE dialler (
    name    text PRIMARY KEY,
    key     bigint NOT NULL UNIQUE,
    started timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  dialler      IS 'Programs that claim leads. One that is gone no longer holds the advisory lock of its key.';
COMMENT ON COLUMN dialler.name IS 'Of one run of a program.';

CREATE TABLE do_not_call_list (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    register text NOT NULL,
    version  text NOT NULL,
    as_of    timestamptz NOT NULL,
    imported timestamptz NOT NULL DEFAULT now(),
    entries  bigint NOT NULL DEFAULT 0,
    live     boolean NOT NULL DEFAULT false,
    UNIQUE (register, version)
);
COMMENT ON TABLE  do_not_call_list          IS 'Lists of those who will not be called: internal, campaign:NAME, and registers such as us_national.';
COMMENT ON COLUMN do_not_call_list.as_of    IS 'The date of the register itself, from which its age counts.';
COMMENT ON COLUMN do_not_call_list.live     IS 'The version that is looked at; others are history or still being imported.';
CREATE UNIQUE INDEX do_not_call_live ON do_not_call_list (register) WHERE live;

CREATE TABLE do_not_call_entry (
    entry  text NOT NULL,
    list   bigint NOT NULL REFERENCES do_not_call_list (id) ON DELETE CASCADE,
    prefix boolean NOT NULL DEFAULT false,
    since  timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (entry, list)
);
COMMENT ON TABLE  do_not_call_entry        IS 'Who will not be called.';
COMMENT ON COLUMN do_not_call_entry.entry  IS 'PERSONAL. E.164, or the beginning of numbers.';
COMMENT ON COLUMN do_not_call_entry.prefix IS 'It stands for every number that begins so.';
COMMENT ON COLUMN do_not_call_entry.reason IS 'PERSONAL. Who asked for it, and how.';

CREATE TABLE consent (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number  text NOT NULL,
    kind    text NOT NULL CHECK (kind IN ('inquiry', 'express', 'written')),
    given   timestamptz NOT NULL,
    revoked timestamptz,
    proof   text NOT NULL DEFAULT ''
);
COMMENT ON TABLE  consent         IS 'What people agreed to, and took back.';
COMMENT ON COLUMN consent.number  IS 'PERSONAL. E.164.';
COMMENT ON COLUMN consent.proof   IS 'PERSONAL. Where it is kept: a form, a recording.';
CREATE INDEX consent_number ON consent (number);

CREATE TABLE receipt_chain (
    chain text PRIMARY KEY,
    seq   bigint NOT NULL,
    hash  text NOT NULL
);
COMMENT ON TABLE  receipt_chain      IS 'The last receipt of each chain; whoever appends holds this row.';
COMMENT ON COLUMN receipt_chain.seq  IS 'Its number; the first is 1.';

CREATE TABLE receipt (
    chain    text NOT NULL,
    seq      bigint NOT NULL,
    at       timestamptz NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('dial', 'refusal', 'outcome')),
    attempt  text,
    body     text NOT NULL,
    previous text NOT NULL,
    hash     text NOT NULL,
    PRIMARY KEY (chain, seq)
);
COMMENT ON TABLE  receipt          IS 'One row per dial, refusal and outcome, chained by sha256; never changed.';
COMMENT ON COLUMN receipt.chain    IS 'The campaign.';
COMMENT ON COLUMN receipt.attempt  IS 'The attempt; NULL for a refusal.';
COMMENT ON COLUMN receipt.body     IS 'PERSONAL. All that was known and decided, as canonical JSON.';
COMMENT ON COLUMN receipt.previous IS 'The hash before; 64 zeros before the first.';
COMMENT ON COLUMN receipt.hash     IS 'sha256 over chain, seq, previous and body, each ended by a line feed, in hex.';
CREATE INDEX receipt_at      ON receipt (chain, at);
CREATE INDEX receipt_attempt ON receipt (attempt) WHERE attempt IS NOT NULL;

CREATE FUNCTION receipt_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'receipts are append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
COMMENT ON FUNCTION receipt_stays IS 'Refuses whatever would change a receipt.';
CREATE TRIGGER receipt_stays BEFORE UPDATE OR DELETE ON receipt FOR EACH ROW EXECUTE FUNCTION receipt_stays();
CREATE TRIGGER receipts_stay BEFORE TRUNCATE ON receipt FOR EACH STATEMENT EXECUTE FUNCTION receipt_stays();
