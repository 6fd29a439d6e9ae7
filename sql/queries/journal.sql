-- journal.lock
-- One writer per journal, that is per schema; held by the writer's session, so it falls with it.
SELECT pg_try_advisory_lock($1, $2 # hashtext(current_schema()));

-- journal.mark
-- How far the journal is written; FOR UPDATE so that a second writer, had it slipped in, would wait and then see.
SELECT seq FROM journal_mark FOR UPDATE;

-- journal.move_mark
-- In the transaction of the entries, and only from where we believe it to be.
UPDATE journal_mark SET seq = $2 WHERE seq = $1 RETURNING seq;

-- journal.last_seq
-- The last entry written, for those who only read.
SELECT seq FROM journal_mark;

-- journal.refuse
-- Keep what Postgres cannot hold as jsonb.
INSERT INTO journal_refused (seq, line, problem) VALUES ($1, $2, $3);

-- journal.refused_count
-- For health: normally 0.
SELECT count(*) FROM journal_refused;

-- journal.first_since
-- The first entry at or after a time.
SELECT min(seq) FROM journal WHERE at >= $1;

-- journal.last_before
-- The last entry before a time.
SELECT max(seq) FROM journal WHERE at < $1;

-- journal.page
-- Entries after $1 up to $2, in order, at most $3; refused ones among them, as the bytes they were.
SELECT seq, at_s, event::text AS event, outputs::text AS outputs, NULL::bytea AS line
FROM journal WHERE seq > $1 AND seq <= $2
UNION ALL
SELECT seq, NULL, NULL, NULL, line FROM journal_refused WHERE seq > $1 AND seq <= $2
ORDER BY seq LIMIT $3;

-- journal.page_of_contact
-- The entries that speak of contact $1, after $2, in order, at most $3.
SELECT journal.seq, at_s, event::text AS event, outputs::text AS outputs, NULL::bytea AS line
FROM journal_contact JOIN journal USING (seq)
WHERE contact = $1 AND journal_contact.seq > $2
ORDER BY journal_contact.seq LIMIT $3;

-- journal.save_snapshot
-- The same entry's snapshot again replaces the first.
INSERT INTO snapshot (seq, at_s, build, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (seq) DO UPDATE SET at_s = excluded.at_s, build = excluded.build, state = excluded.state;

-- journal.forget_snapshots
-- Keep the newest $1, the first of every hour for a week, and the first of every day: `explain` tells the journal again
-- from the last one before a call, and must not have to begin with the first day.
DELETE FROM snapshot USING (
    SELECT seq, row_number() OVER (PARTITION BY width, floor(at_s / width) ORDER BY seq) AS place
    FROM (SELECT seq, at_s, CASE WHEN at > now() - interval '7 days' THEN 3600 ELSE 86400 END AS width FROM snapshot) AS aged
) AS placed
WHERE snapshot.seq = placed.seq AND placed.place > 1
  AND snapshot.seq < (SELECT min(seq) FROM (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT $1) newest);

-- journal.latest_snapshot
-- The newest before entry $1.
SELECT seq, at_s, build, state FROM snapshot WHERE seq < $1 ORDER BY seq DESC LIMIT 1;

-- journal.next_snapshot
-- The first of entry $1 or a later one: where a telling goes on that could not come so far.
SELECT seq, at_s, build, state FROM snapshot WHERE seq >= $1 ORDER BY seq LIMIT 1;

-- journal.any_erased
-- Whether somebody was erased of an entry after $1 up to $2; $3 is what such an entry holds.
SELECT EXISTS (
    SELECT FROM journal WHERE seq > $1 AND seq <= $2 AND (event::text ~ $3 OR outputs::text ~ $3)
);
