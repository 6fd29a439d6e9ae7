-- Tokens that belong to somebody: what is done with them is hers, and is judged by her rights as they are then.

ALTER TABLE api_token
    ADD COLUMN agent  text REFERENCES agent (id),
    ADD COLUMN person text NOT NULL DEFAULT '',
    ADD CONSTRAINT api_token_of_one CHECK (agent IS NULL OR person = '');
COMMENT ON COLUMN api_token.agent  IS 'PERSONAL. Whose it is: it opens what she may supervise, and nothing once she has left. NULL: of no agent.';
COMMENT ON COLUMN api_token.person IS 'PERSONAL. The name of somebody who is no agent. Empty, and no agent: of a program.';
COMMENT ON COLUMN audit.who        IS 'PERSONAL. token:NAME, cli:USER, agent:ID, person:NAME.';
COMMENT ON COLUMN audit.via        IS 'The way in: api, api token:NAME for a token that is somebody''s, cli, socket.';
