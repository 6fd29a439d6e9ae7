-- The ledger of erasures: who was erased, as a keyed hash only, and what of her was touched.

CREATE TABLE erasure (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person  text NOT NULL,
    done_by text NOT NULL,
    began   timestamptz NOT NULL DEFAULT now(),
    ended   timestamptz,
    whole   boolean NOT NULL DEFAULT false,
    report  jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE  erasure         IS 'Append-only. One row per run of `callcenter privacy erase`; no row is ever removed.';
COMMENT ON COLUMN erasure.person  IS 'HMAC-SHA256 of her number (E.164) under the key of this site; no number.';
COMMENT ON COLUMN erasure.done_by IS 'PERSONAL. Who erased: an account of this machine.';
COMMENT ON COLUMN erasure.began   IS 'When the run began.';
COMMENT ON COLUMN erasure.ended   IS 'When it was over; NULL: it was killed, and is to be done again.';
COMMENT ON COLUMN erasure.whole   IS 'Whether nothing was left (of a live call, under legal hold, after the last snapshot).';
COMMENT ON COLUMN erasure.report  IS 'Rows touched by table, and what was left, with the reason.';

CREATE FUNCTION erasure_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger of erasures is append-only';
END $$;
CREATE TRIGGER erasure_stays BEFORE DELETE OR TRUNCATE ON erasure FOR EACH STATEMENT EXECUTE FUNCTION erasure_stays();
