-- Who works here. Removed agents stay, so that old reports keep their names.

CREATE TABLE agent (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    number     text NOT NULL,
    language   text NOT NULL,
    capacity   jsonb NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz
);
COMMENT ON TABLE  agent          IS 'The people who take contacts. Those with removed_at no longer do.';
COMMENT ON COLUMN agent.name     IS 'PERSONAL.';
COMMENT ON COLUMN agent.number   IS 'Extension and SIP user name; of nobody else who works here now.';
COMMENT ON COLUMN agent.language IS 'Of the prompts the agent hears.';
COMMENT ON COLUMN agent.capacity IS 'How many contacts of each medium at once: {"voice": 1}.';
CREATE UNIQUE INDEX agent_number ON agent (number) WHERE removed_at IS NULL;

CREATE TABLE agent_skill (
    agent text NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    skill text NOT NULL,
    level integer NOT NULL CHECK (level BETWEEN 1 AND 5),
    PRIMARY KEY (agent, skill)
);
COMMENT ON TABLE agent_skill IS 'Skills and levels, 1 to 5.';

-- In a table of its own, so that whoever reads reports can be given everything else.
CREATE TABLE phone_account (
    agent  text PRIMARY KEY REFERENCES agent (id) ON DELETE CASCADE,
    secret text NOT NULL
);
COMMENT ON TABLE  phone_account        IS 'SIP passwords of the agents'' phones. Do not grant it to readers of reports.';
COMMENT ON COLUMN phone_account.secret IS 'SECRET. In clear; sql/README.md says why.';
