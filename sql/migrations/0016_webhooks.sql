-- Programs elsewhere that are told of facts, and what is on its way to them.

CREATE TABLE webhook (
    name          text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,39}$'),
    url           text NOT NULL,
    events        text[] NOT NULL,
    queues        text[] NOT NULL DEFAULT '{}',
    secret        text NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT now(),
    made_by       text NOT NULL,
    after_seq     bigint NOT NULL,
    failing_since timestamptz,
    disabled      timestamptz,
    disabled_why  text NOT NULL DEFAULT ''
);
COMMENT ON TABLE  webhook               IS 'Programs that are told of facts over HTTP.';
COMMENT ON COLUMN webhook.events        IS 'Names of facts; * is all.';
COMMENT ON COLUMN webhook.queues        IS 'Only facts that name one of these queues; empty: all facts.';
COMMENT ON COLUMN webhook.secret        IS 'SECRET. What deliveries are signed with.';
COMMENT ON COLUMN webhook.made_by       IS 'PERSONAL. Who made it.';
COMMENT ON COLUMN webhook.after_seq     IS 'Entries of the journal up to this one are in webhook_delivery, or delivered.';
COMMENT ON COLUMN webhook.failing_since IS 'The first failure after the last success; NULL: the last delivery arrived.';
COMMENT ON COLUMN webhook.disabled      IS 'Nothing is sent any more, until somebody enables it.';

CREATE TABLE webhook_delivery (
    hook    text NOT NULL REFERENCES webhook ON DELETE CASCADE,
    seq     bigint NOT NULL,
    n       integer NOT NULL,
    lane    text NOT NULL,
    body    bytea NOT NULL,
    tries   integer NOT NULL DEFAULT 0,
    next_at double precision NOT NULL DEFAULT 0,
    why     text NOT NULL DEFAULT '',
    PRIMARY KEY (hook, seq, n)
);
COMMENT ON TABLE  webhook_delivery         IS 'What is on its way; a row goes when it has arrived.';
COMMENT ON COLUMN webhook_delivery.seq     IS 'Entry of the journal; n is the fact''s place in it.';
COMMENT ON COLUMN webhook_delivery.lane    IS 'The contact: what failed holds back what follows of the same one only.';
COMMENT ON COLUMN webhook_delivery.body    IS 'PERSONAL. What is sent.';
COMMENT ON COLUMN webhook_delivery.next_at IS 'Not before, UTC seconds.';
COMMENT ON COLUMN webhook_delivery.why     IS 'Why the last try failed.';
CREATE INDEX webhook_delivery_lane ON webhook_delivery (hook, lane, seq, n);
