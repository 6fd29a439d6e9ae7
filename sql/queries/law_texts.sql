-- law_texts.keep
-- A text that was not there yet.
INSERT INTO law_text (digest, pack, text) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- law_texts.kept
-- All of them, or those whose hash begins so, without what they say.
SELECT digest, pack, '' AS text, extract(epoch FROM kept)::double precision AS kept FROM law_text
WHERE starts_with(digest, $1) ORDER BY pack, kept, digest;

-- law_texts.of
-- What they say.
SELECT digest, pack, text, extract(epoch FROM kept)::double precision AS kept FROM law_text WHERE digest = ANY($1::text[]);

-- law_texts.of_receipt
-- One receipt, which names its packs.
SELECT body FROM receipt WHERE chain = $1 AND seq = $2;
