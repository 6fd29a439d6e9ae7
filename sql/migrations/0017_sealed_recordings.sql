-- Where each recording's file is, how far it has come, who holds it, and what people did with it.

CREATE TABLE recording_file (
    recording  text PRIMARY KEY,
    contact    text NOT NULL,
    step       text NOT NULL,
    source     text NOT NULL,
    stopped    timestamptz NOT NULL,
    name       text NOT NULL DEFAULT '',
    codec      text NOT NULL DEFAULT '',
    key        text NOT NULL DEFAULT '',
    sha256     text NOT NULL DEFAULT '',
    size       bigint NOT NULL DEFAULT 0,
    pcm_sha256 text NOT NULL DEFAULT '',
    stale      text NOT NULL DEFAULT '',
    tries      integer NOT NULL DEFAULT 0,
    due        timestamptz NOT NULL DEFAULT now(),
    problem    text NOT NULL DEFAULT '',
    taken      timestamptz NOT NULL DEFAULT now(),
    moved      timestamptz NOT NULL DEFAULT now(),
    removed_by text,
    removed_why text
);
COMMENT ON TABLE  recording_file             IS 'One row per recording that has a file: what became of it (callcenter/model/sealed.py).';
COMMENT ON COLUMN recording_file.step        IS 'taken, prepared, stored, kept, removing, removed.';
COMMENT ON COLUMN recording_file.source      IS 'PERSONAL. The WAV that was proven, which goes when a copy is in the store.';
COMMENT ON COLUMN recording_file.stopped     IS 'When the recording ended; its retention is counted from then.';
COMMENT ON COLUMN recording_file.name        IS 'In the store.';
COMMENT ON COLUMN recording_file.codec       IS 'wav, flac, opus; as_it_is for a file that is no sound.';
COMMENT ON COLUMN recording_file.key         IS 'Id of the master key it is sealed with; empty: it is not encrypted.';
COMMENT ON COLUMN recording_file.sha256      IS 'Of the file as it is stored.';
COMMENT ON COLUMN recording_file.size        IS 'Bytes, as it is stored.';
COMMENT ON COLUMN recording_file.pcm_sha256  IS 'Of the samples that were recorded; what FLAC gives back has the same.';
COMMENT ON COLUMN recording_file.stale       IS 'Another name in the store that is to be removed: the file as it was before its key was changed.';
COMMENT ON COLUMN recording_file.due         IS 'When it is looked at next.';
COMMENT ON COLUMN recording_file.problem     IS 'Why it comes no further; empty if nothing is wrong.';
COMMENT ON COLUMN recording_file.moved       IS 'When it came to its step.';
COMMENT ON COLUMN recording_file.removed_by  IS 'Who had it removed, or retention.';
CREATE INDEX recording_file_due ON recording_file (due) WHERE step NOT IN ('kept', 'removed') OR stale <> '';
CREATE INDEX recording_file_contact ON recording_file (contact);
CREATE INDEX recording_file_stopped ON recording_file (stopped) WHERE step = 'kept';

-- At every round, recordings that were looked at and have no row above are asked for; among millions they are few.
CREATE INDEX recording_checked ON recording (checked) WHERE checked IS NOT NULL;

CREATE TABLE recording_hold (
    recording    text NOT NULL,
    held         timestamptz NOT NULL DEFAULT now(),
    held_by      text NOT NULL,
    reason       text NOT NULL,
    released     timestamptz,
    released_by  text,
    release_why  text
);
COMMENT ON TABLE  recording_hold        IS 'Legal holds: while one is not released, nothing removes the recording.';
COMMENT ON COLUMN recording_hold.reason IS 'PERSONAL. As it was given.';
CREATE UNIQUE INDEX recording_hold_open ON recording_hold (recording) WHERE released IS NULL;
CREATE INDEX recording_hold_recording ON recording_hold (recording);

CREATE TABLE recording_deed (
    at        timestamptz NOT NULL DEFAULT now(),
    deed      text NOT NULL,
    recording text,
    done_by   text NOT NULL,
    note      text NOT NULL
);
COMMENT ON TABLE  recording_deed      IS 'Append-only. What people did with recordings: hold, release, export, remove, rotate_keys, verify.';
COMMENT ON COLUMN recording_deed.note IS 'PERSONAL. Why, and how it went.';
CREATE INDEX recording_deed_recording ON recording_deed (recording);
