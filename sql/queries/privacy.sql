-- privacy.contacts
-- The contacts of a person, by every form in which her numbers may have been written: which of them are over, and which
-- the next start tells again.
SELECT id, ended IS NOT NULL AS over, EXISTS (
    SELECT FROM journal_contact AS j
    WHERE j.contact = contact.id AND j.seq > (SELECT coalesce(max(seq), 0) FROM snapshot)
) AS told_again FROM contact
WHERE caller = ANY($1::text[]) OR (direction = 'outbound' AND dialled = ANY($1::text[]))
   OR id IN (SELECT contact FROM callback WHERE number = ANY($1::text[]))
   OR id IN (SELECT contact FROM callback_attempt WHERE number = ANY($1::text[]))
ORDER BY id;

-- privacy.customer
-- The customer who has one of the numbers.
SELECT DISTINCT customer FROM customer_number WHERE number = ANY($1::text[]) OR raw = ANY($1::text[]);

-- privacy.agent
-- Whose phone here has one of the numbers.
SELECT id FROM agent WHERE number = ANY($1::text[]) AND removed_at IS NULL ORDER BY id LIMIT 1;

-- privacy.numbers_of_customer
-- All her numbers: who is erased by one of them is erased by all.
SELECT number, raw FROM customer_number WHERE customer = $1 ORDER BY position;

-- privacy.leads
-- The leads of a person.
SELECT DISTINCT lead FROM lead_number WHERE number = ANY($1::text[]);

-- privacy.recordings
-- Recordings of contacts: whether somebody holds them, whether a file is there.
SELECT r.id, r.contact, r.path, f.step, EXISTS (
    SELECT FROM recording_hold AS h WHERE h.recording = r.id AND h.released IS NULL
) AS held
FROM recording AS r LEFT JOIN recording_file AS f ON f.recording = r.id
WHERE r.contact = ANY($1::text[]) ORDER BY r.id;

-- privacy.exports
-- Copies that were given out before, and to where: nobody here can erase those.
SELECT at, done_by, recording, note FROM recording_deed
WHERE deed = 'export' AND recording IN (SELECT id FROM recording WHERE contact = ANY($1::text[])) ORDER BY at;

-- privacy.receipts
-- What proves that she might be dialled or was not: kept, and counted.
SELECT count(*) FROM receipt WHERE body LIKE ANY($1::text[]);

-- privacy.erase_contact
-- Call records stay for the figures, without the person.
UPDATE contact SET caller = $2, caller_name = '', dialled = CASE WHEN direction = 'outbound' THEN $2 ELSE dialled END
WHERE id = ANY($1::text[]) AND (caller, caller_name) IS DISTINCT FROM ($2, '');

-- privacy.erase_callback
-- Likewise promises.
UPDATE callback SET number = NULL, note = NULL WHERE contact = ANY($1::text[]) AND (number, note) IS NOT NULL;

-- privacy.erase_callback_attempt
-- And the dials for them.
UPDATE callback_attempt SET number = NULL WHERE contact = ANY($1::text[]) AND number IS NOT NULL;

-- privacy.erase_party
-- Whoever was called to a conversation by one of the numbers.
UPDATE party SET number = $2 WHERE number = ANY($1::text[]);

-- privacy.erase_transfer
-- Or to whom one was handed on.
UPDATE transfer SET name = $2 WHERE name = ANY($1::text[]);

-- privacy.erase_disposition
-- What agents wrote of the talks.
UPDATE disposition SET note = '', fields = '{}'
WHERE contact = ANY($1::text[]) AND (note <> '' OR fields <> '{}');

-- privacy.erase_customer
-- The customer with numbers, addresses, notes and history (they go with her).
DELETE FROM customer WHERE id = ANY($1::bigint[]);

-- privacy.erase_lead
-- Leads stay for the figures of their lists, done with and without the person.
UPDATE lead SET reference = '', name = '', custom = '{}', state = 'done', next_at = NULL, claimed_by = NULL
WHERE id = ANY($1::bigint[]);

-- privacy.erase_lead_number
-- Their numbers.
DELETE FROM lead_number WHERE lead = ANY($1::bigint[]);

-- privacy.erase_attempt
-- What was dialled.
UPDATE attempt SET number = $2 WHERE number = ANY($1::text[]);

-- privacy.erase_callback_dial
-- Who was called back.
UPDATE callback_dial SET number = $2 WHERE number = ANY($1::text[]);

-- privacy.erase_webhook_delivery
-- What was not sent yet is not sent any more.
DELETE FROM webhook_delivery WHERE convert_from(body, 'UTF8') LIKE ANY($1::text[]) OR lane = ANY($2::text[]);

-- privacy.erase_audit
-- Who did what stays; with whom does not.
UPDATE audit SET subject = $2 WHERE subject = ANY($1::text[]);

-- privacy.erase_api_answer
-- Answers that are kept for a repetition.
DELETE FROM api_answer WHERE body IS NOT NULL AND convert_from(body, 'UTF8') LIKE ANY($1::text[]);

-- privacy.snapshots
-- Those that name her, but for the latest, from which a start begins.
SELECT seq FROM snapshot
WHERE seq < (SELECT max(seq) FROM snapshot) AND convert_from(state, 'UTF8') LIKE ANY($1::text[]);

-- privacy.snapshot
-- One of them: they may be large.
SELECT state FROM snapshot WHERE seq = $1;

-- privacy.erase_snapshot
-- `replay` and `explain` of other calls begin from it as well, so it stays, without her.
UPDATE snapshot SET state = $2 WHERE seq = $1;

-- privacy.remove_snapshot
-- One that cannot be read goes: they begin from an earlier one.
DELETE FROM snapshot WHERE seq = $1;

-- privacy.last_snapshot
-- What comes after it may be told again at the next start, and is not touched before.
SELECT coalesce(max(seq), 0) FROM snapshot;

-- privacy.journal
-- Entries that speak of her contacts or name her numbers, in order, at most $4 after $3.
SELECT seq, event::text AS event, outputs::text AS outputs FROM journal
WHERE seq > $3 AND (
    seq IN (SELECT seq FROM journal_contact WHERE contact = ANY($1::text[]))
    OR event::text LIKE ANY($2::text[]) OR outputs::text LIKE ANY($2::text[])
) ORDER BY seq LIMIT $4;

-- privacy.keys
-- Keys that were pressed on the legs of her contacts.
SELECT spoken.contact, journal.seq, event ->> 'digit' AS digit
FROM (SELECT contact, min(seq) AS first, max(seq) AS last FROM journal_contact WHERE contact = ANY($1::text[]) GROUP BY contact) AS spoken
JOIN journal ON journal.seq BETWEEN spoken.first AND spoken.last
WHERE event ->> 'type' = 'DigitPressed' AND event ->> 'leg' IN (
    SELECT leg FROM contact WHERE id = spoken.contact UNION SELECT leg FROM callback_attempt WHERE contact = spoken.contact
) ORDER BY spoken.contact, journal.seq;

-- privacy.steps
-- Entries in which the flow of one of her contacts went on ($2: as facts like these say it).
SELECT contact, array_agg(seq ORDER BY seq) AS seqs FROM journal_contact JOIN journal USING (seq)
WHERE contact = ANY($1::text[]) AND outputs @> ANY($2::jsonb[]) GROUP BY contact;

-- privacy.erase_keys
-- That a key was pressed stays, and which it was goes.
UPDATE journal SET event = jsonb_set(event, '{digit}', to_jsonb($2::text)) WHERE seq = ANY($1::bigint[]);

-- privacy.typed_numbers
-- Numbers at which she wanted to be called: they may be no caller's.
SELECT DISTINCT number FROM (
    SELECT number FROM callback WHERE contact = ANY($1::text[])
    UNION ALL SELECT number FROM callback_attempt WHERE contact = ANY($1::text[])
) AS asked WHERE number <> '';

-- privacy.rewrite_journal
-- The same entry without the person.
UPDATE journal SET event = $2::jsonb, outputs = $3::jsonb WHERE seq = $1;

-- privacy.erase_journal_refused
-- An entry that Postgres could not hold.
DELETE FROM journal_refused WHERE convert_from(line, 'UTF8') LIKE ANY($1::text[]);

-- privacy.begun
-- The ledger is written first: a run that died is found by it.
INSERT INTO erasure (person, done_by) VALUES ($1, $2) RETURNING id;

-- privacy.done
-- What a run did, and what it had to leave.
UPDATE erasure SET ended = now(), whole = $2, report = $3::jsonb WHERE id = $1;

-- privacy.unfinished
-- Persons of whom something is left, or whose last run did not come to its end.
SELECT DISTINCT ON (person) id, person, whole FROM erasure ORDER BY person, id DESC;

-- privacy.known_numbers
-- Every number that is still here: one whose keyed hash is in the ledger was to be erased.
SELECT caller AS number FROM contact UNION SELECT dialled FROM contact WHERE direction = 'outbound'
UNION SELECT number FROM customer_number UNION SELECT number FROM lead_number UNION SELECT number FROM attempt
UNION SELECT number FROM callback_dial
UNION SELECT number FROM callback WHERE number IS NOT NULL;
