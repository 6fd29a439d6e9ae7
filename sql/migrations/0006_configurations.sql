-- Versions of the configuration: every one that was live, with the files it was made of. The journal says when each was
-- in force (EngineStarted, ConfigurationApplied); this table says what it was.

CREATE TABLE configuration_file (
    sha256 text PRIMARY KEY,
    text   text NOT NULL
);
COMMENT ON TABLE  configuration_file      IS 'The files of all versions, each text once however many versions hold it.';
COMMENT ON COLUMN configuration_file.text IS 'PERSONAL. Lists of numbers may be among them.';

CREATE TABLE configuration (
    version       integer PRIMARY KEY CHECK (version > 0),
    made_at       timestamptz NOT NULL DEFAULT now(),
    made_by       text NOT NULL,
    message       text NOT NULL,
    origin        text NOT NULL CHECK (origin IN ('start', 'apply', 'rollback')),
    back_to       integer REFERENCES configuration CHECK ((back_to IS NOT NULL) = (origin = 'rollback')),
    digest        text NOT NULL,
    folder_digest text NOT NULL,
    files         jsonb NOT NULL,
    refused       text
);
COMMENT ON TABLE  configuration               IS 'Versions of the configuration, from 1. Never changed, but for refused.';
COMMENT ON COLUMN configuration.made_by       IS 'PERSONAL. Who applied it.';
COMMENT ON COLUMN configuration.origin        IS 'How it came: with a start, by apply, or by rollback.';
COMMENT ON COLUMN configuration.back_to       IS 'The version that a rollback made live again.';
COMMENT ON COLUMN configuration.digest        IS 'sha256 of the files.';
COMMENT ON COLUMN configuration.folder_digest IS 'sha256 of what was in the folder then: an edit since then differs from it.';
COMMENT ON COLUMN configuration.files         IS 'Relative path -> sha256 in configuration_file.';
COMMENT ON COLUMN configuration.refused       IS 'Why the engine did not put it in force; NULL: it did.';
