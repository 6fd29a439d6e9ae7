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
