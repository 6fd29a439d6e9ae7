-- Who may use the API, what was done through it (and by hand), and the answers to commands that may be asked again.

CREATE TABLE api_token (
    name       text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,39}$'),
    digest     bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    scopes     text[] NOT NULL,
    queues     text[] NOT NULL DEFAULT '{}',
    teams      text[] NOT NULL DEFAULT '{}',
    made_at    timestamptz NOT NULL DEFAULT now(),
    made_by    text NOT NULL,
    expires    timestamptz,
    last_used  timestamptz,
    revoked    timestamptz,
    revoked_by text
);
COMMENT ON TABLE  api_token            IS 'Tokens of the API. A name is never given to another token: the audit says it.';
COMMENT ON COLUMN api_token.digest     IS 'sha256 of the token, which has 256 random bits: nothing slower is needed against guessing.';
COMMENT ON COLUMN api_token.scopes     IS 'area:right.';
COMMENT ON COLUMN api_token.queues     IS 'Only what belongs to these queues (or teams); both empty: everything.';
COMMENT ON COLUMN api_token.made_by    IS 'PERSONAL. Who made it.';
COMMENT ON COLUMN api_token.expires    IS 'NULL: never.';
COMMENT ON COLUMN api_token.last_used  IS 'To the minute.';
COMMENT ON COLUMN api_token.revoked_by IS 'PERSONAL. Who revoked it.';

CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    who     text NOT NULL,
    via     text NOT NULL,
    act     text NOT NULL,
    subject text NOT NULL DEFAULT '',
    told    text NOT NULL DEFAULT '',
    outcome text,
    detail  text NOT NULL DEFAULT '',
    ended   timestamptz
);
COMMENT ON TABLE  audit         IS 'What was asked of the center by programs and people, written before it is done and completed after.';
COMMENT ON COLUMN audit.who     IS 'PERSONAL. token:NAME, cli:USER, agent:ID.';
COMMENT ON COLUMN audit.via     IS 'The way in: api, cli, phone.';
COMMENT ON COLUMN audit.act     IS 'What was asked, such as "calls hang-up".';
COMMENT ON COLUMN audit.subject IS 'PERSONAL. On what: a call, an agent, a queue, a number.';
COMMENT ON COLUMN audit.told    IS 'Names of what else was said; never its content.';
COMMENT ON COLUMN audit.outcome IS 'done, refused or failed; NULL: not known, the center went away before it was.';
COMMENT ON COLUMN audit.detail  IS 'Why it was refused or failed.';
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_who ON audit (who, id);

CREATE TABLE api_answer (
    owner   text NOT NULL,
    key     text NOT NULL,
    digest  bytea NOT NULL,
    asked   timestamptz NOT NULL DEFAULT now(),
    status  integer,
    body    bytea,
    PRIMARY KEY (owner, key)
);
COMMENT ON TABLE  api_answer        IS 'Answers to commands with an Idempotency-Key, so that a command asked again is not done again.';
COMMENT ON COLUMN api_answer.owner  IS 'The token''s name.';
COMMENT ON COLUMN api_answer.digest IS 'sha256 of method, address and body.';
COMMENT ON COLUMN api_answer.status IS 'NULL: it is being done, or the center went away while it was.';
COMMENT ON COLUMN api_answer.body   IS 'PERSONAL. The answer as it was sent.';
CREATE INDEX api_answer_asked ON api_answer (asked);
