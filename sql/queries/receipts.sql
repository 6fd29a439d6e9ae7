-- receipts.begin_chain
-- A campaign's first receipt finds a chain to hang on.
INSERT INTO receipt_chain (chain, seq, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING;

-- receipts.hold_chain
-- The end of the chain, held until the transaction is over: whoever comes meanwhile waits and goes on from the new end.
SELECT seq, hash FROM receipt_chain WHERE chain = $1 FOR UPDATE;

-- receipts.append
-- Receipts in their places.
INSERT INTO receipt (chain, seq, at, kind, attempt, body, previous, hash)
SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]);

-- receipts.move_end
-- The new end of the chain.
UPDATE receipt_chain SET seq = $2, hash = $3 WHERE chain = $1;

-- receipts.chains
-- All chains, or one.
SELECT chain, seq, hash FROM receipt_chain WHERE $1::text IS NULL OR chain = $1 ORDER BY chain;

-- receipts.orphans
-- Chains of which there are receipts and no end.
SELECT DISTINCT chain FROM receipt WHERE NOT EXISTS (SELECT FROM receipt_chain WHERE receipt_chain.chain = receipt.chain);

-- receipts.walk
-- A chain in order, to be read through a cursor.
SELECT chain, seq, extract(epoch FROM at)::double precision AS at, kind, coalesce(attempt, '') AS attempt,
       body, previous, hash
FROM receipt WHERE chain = $1 ORDER BY seq;

-- receipts.between
-- Receipts of a campaign of a time, to be read through a cursor.
SELECT chain, seq, extract(epoch FROM at)::double precision AS at, kind, coalesce(attempt, '') AS attempt,
       body, previous, hash
FROM receipt WHERE chain = $1 AND at >= $2 AND at < $3 ORDER BY seq;

-- receipts.holds
-- Whether a chain has a receipt with this hash: what was its head once is in it for ever.
SELECT EXISTS (SELECT FROM receipt WHERE chain = $1 AND hash = $2);

-- receipts.unmatched
-- Attempts on record without their receipts, receipts without their attempts, and those that tell of different ends. Outcomes are
-- cut out of the bodies as text: one that was made unreadable must not end the search.
WITH made AS (
    SELECT id, campaign AS chain, outcome FROM attempt WHERE $1::text IS NULL OR campaign = $1
    UNION ALL
    SELECT id, 'callbacks.' || queue, outcome FROM callback_dial WHERE $1::text IS NULL OR 'callbacks.' || queue = $1
), written AS (
    SELECT chain, attempt, max(seq) FILTER (WHERE kind = 'dial') AS dial, max(seq) FILTER (WHERE kind = 'outcome') AS came,
           max(substring(body FROM '"outcome":"([a-z_]+)"')) FILTER (WHERE kind = 'outcome') AS outcome
    FROM receipt WHERE attempt IS NOT NULL AND ($1::text IS NULL OR chain = $1) GROUP BY chain, attempt
)
SELECT coalesce(made.chain, written.chain) AS chain, coalesce(made.id, written.attempt) AS attempt,
       coalesce(written.came, written.dial, 0) AS seq, made.id IS NOT NULL AS on_record, written.dial IS NOT NULL AS dial,
       made.outcome AS ended, written.outcome AS told
FROM made FULL JOIN written ON made.id = written.attempt AND made.chain = written.chain
WHERE made.id IS NULL OR written.dial IS NULL OR made.outcome IS DISTINCT FROM written.outcome
ORDER BY 1, 3, 2 LIMIT $2;
