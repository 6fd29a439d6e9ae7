-- lists.begin
-- A list, new or to be added to; gives when, which is when all leads of this import come in.
INSERT INTO lead_list (name, region) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET imported = now() RETURNING imported;

-- lists.hold
-- Of two imports at once each sees what the other has written, batch by batch.
SELECT pg_advisory_xact_lock(hashtextextended('import of leads', 0));

-- lists.known
-- Which of these numbers a lead has already, in this list or (NULL) in any.
SELECT DISTINCT number FROM lead_number JOIN lead ON lead.id = lead_number.lead
WHERE number = ANY($1::text[]) AND ($2::text IS NULL OR list = $2);

-- lists.ids
-- So many new ids of leads, in order.
SELECT nextval(pg_get_serial_sequence('lead', 'id')) AS id FROM generate_series(1, $1::integer);

-- lists.count
-- What an import did, added up.
UPDATE lead_list SET leads = leads + $2, refused = refused + $3, duplicates = duplicates + $4 WHERE name = $1;

-- lists.claimed
-- Leads of a list that a dialler has.
SELECT count(*) FROM lead WHERE list = $1 AND state = 'claimed';

-- lists.remove_undialled
-- Some leads of a list who were never called go, with their numbers; those that a dialler took meanwhile stay.
DELETE FROM lead WHERE id IN (
    SELECT id FROM lead WHERE list = $1 AND state <> 'claimed'
    AND NOT EXISTS (SELECT FROM attempt WHERE attempt.lead = lead.id) LIMIT $2
    FOR UPDATE SKIP LOCKED);

-- lists.finish_dialled
-- Who was called stays on record, and is called no more.
UPDATE lead SET state = 'done', next_at = NULL WHERE list = $1 AND state IN ('ready', 'waiting');

-- lists.remove_empty
-- A list of which nobody is on record goes as well.
DELETE FROM lead_list WHERE name = $1 AND NOT EXISTS (SELECT FROM lead WHERE list = $1);

-- lists.recount
-- How many are left.
UPDATE lead_list SET leads = (SELECT count(*) FROM lead WHERE list = $1) WHERE name = $1 RETURNING leads;
