-- The very texts of the packs of law: receipts name them by their hash, and the program ships only the newest.

CREATE TABLE law_text (
    digest text PRIMARY KEY CHECK (digest = encode(sha256(convert_to(text, 'UTF8')), 'hex')),
    pack   text NOT NULL,
    text   text NOT NULL,
    kept   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  law_text        IS 'Every text of a pack of law that was live, once; never changed.';
COMMENT ON COLUMN law_text.digest IS 'sha256 of the text in UTF-8, in hex: what receipts name it by.';
COMMENT ON COLUMN law_text.pack   IS 'Its name when it was kept first.';
COMMENT ON COLUMN law_text.text   IS 'As it was read: YAML, or JSON of a campaign''s own limits.';
COMMENT ON COLUMN law_text.kept   IS 'When it was live first, or found among older versions of the configuration.';

INSERT INTO law_text (digest, pack, text)
SELECT DISTINCT ON (file.sha256) file.sha256, substring(named.path FROM '([^/]+)\.yaml$'), file.text
FROM configuration CROSS JOIN LATERAL jsonb_each_text(configuration.files) AS named (path, sha256)
JOIN configuration_file file ON file.sha256 = named.sha256
WHERE named.path ~ '^law/[^/]+\.yaml$' AND file.sha256 = encode(sha256(convert_to(file.text, 'UTF8')), 'hex')
ORDER BY file.sha256, configuration.version;

CREATE FUNCTION law_text_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'texts of the law are append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
COMMENT ON FUNCTION law_text_stays IS 'Refuses whatever would change a text that receipts may name.';
CREATE TRIGGER law_text_stays BEFORE UPDATE OR DELETE ON law_text FOR EACH ROW EXECUTE FUNCTION law_text_stays();
CREATE TRIGGER law_texts_stay BEFORE TRUNCATE ON law_text FOR EACH STATEMENT EXECUTE FUNCTION law_text_stays();
