-- sealing.take
-- Recordings that were looked at, have a file and no row yet, whose call is over: nobody plays them from the call any
-- more. A message that waits for an agent is played from its WAV, so it is left until it is settled.
INSERT INTO recording_file (recording, contact, step, source, stopped)
SELECT recording.id, recording.contact, 'taken', recording.path, coalesce(recording.stopped, recording.checked)
FROM recording
JOIN contact ON contact.id = recording.contact
LEFT JOIN voicemail ON voicemail.recording = recording.id
WHERE recording.checked IS NOT NULL AND recording.path <> '' AND contact.ended IS NOT NULL
  AND (voicemail.contact IS NULL OR voicemail.settled IS NOT NULL)
  AND NOT EXISTS (SELECT FROM recording_file WHERE recording_file.recording = recording.id)
ORDER BY recording.checked LIMIT $1
ON CONFLICT (recording) DO NOTHING;

-- sealing.due
-- What there is to be done now, the longest due first.
SELECT recording FROM recording_file
WHERE (step NOT IN ('kept', 'removed') OR stale <> '') AND due <= now()
ORDER BY due, recording LIMIT $1;

-- sealing.behind
-- How many files are on their way, and how many of them meet a problem; for health.
SELECT count(*) AS underway, count(*) FILTER (WHERE problem <> '') AS stuck
FROM recording_file WHERE step NOT IN ('kept', 'removed');

-- sealing.claim
-- One works on a recording's file at a time; the lock falls with the session that holds it.
SELECT pg_advisory_lock(hashtextextended('callcenter recording ' || $1, 0));

-- sealing.unclaim
-- Somebody else may.
SELECT pg_advisory_unlock(hashtextextended('callcenter recording ' || $1, 0));

-- sealing.file
-- One recording's file.
SELECT recording, contact, step, source, extract(epoch FROM stopped)::double precision AS stopped, name, codec, key,
       sha256, size, pcm_sha256, stale, tries,
       EXISTS (SELECT FROM recording_hold hold WHERE hold.recording = recording_file.recording AND released IS NULL) AS held
FROM recording_file WHERE recording = $1;

-- sealing.files
-- The files after recording $1, by id, at most $2; for whoever looks at all.
SELECT recording, contact, step, source, extract(epoch FROM stopped)::double precision AS stopped, name, codec, key,
       sha256, size, pcm_sha256, stale, tries,
       EXISTS (SELECT FROM recording_hold hold WHERE hold.recording = recording_file.recording AND released IS NULL) AS held
FROM recording_file WHERE recording > $1 ORDER BY recording LIMIT $2;

-- sealing.move
-- To another step, if it is where we believe it to be.
UPDATE recording_file
SET step = $3, name = $4, codec = $5, key = $6, sha256 = $7, size = $8, pcm_sha256 = $9, stale = $10,
    tries = 0, problem = '', due = now(), moved = now()
WHERE recording = $1 AND step = $2 RETURNING recording;

-- sealing.place
-- Where everybody finds the recording from now on.
UPDATE recording SET path = $2 WHERE id = $1;

-- sealing.stuck
-- It did not work; another try after $3 seconds.
UPDATE recording_file SET tries = tries + 1, problem = $2, due = now() + $3 * interval '1 second' WHERE recording = $1;

-- sealing.condemn
-- Nobody may keep it any longer, unless somebody holds it.
UPDATE recording_file SET step = 'removing', due = now(), removed_by = $2, removed_why = $3, moved = now()
WHERE recording = $1 AND step NOT IN ('removing', 'removed')
  AND NOT EXISTS (SELECT FROM recording_hold hold WHERE hold.recording = recording_file.recording AND released IS NULL)
RETURNING recording;

-- sealing.expired
-- Kept recordings that ended before $3 and belong to queue $1 (NULL: to no queue of $2), not held; at most $4.
SELECT file.recording
FROM recording_file file
JOIN contact ON contact.id = file.contact
LEFT JOIN voicemail ON voicemail.recording = file.recording
WHERE file.step = 'kept' AND file.stopped < $3
  AND CASE WHEN $1::text IS NULL
      THEN coalesce(voicemail.queue, contact.queue) IS NULL OR coalesce(voicemail.queue, contact.queue) <> ALL ($2::text[])
      ELSE coalesce(voicemail.queue, contact.queue) = $1 END
  AND NOT EXISTS (SELECT FROM recording_hold hold WHERE hold.recording = file.recording AND released IS NULL)
ORDER BY file.stopped LIMIT $4;

-- sealing.hold
-- From now on nothing removes it; nothing if it is held already, or on its way out.
INSERT INTO recording_hold (recording, held_by, reason)
SELECT recording.id, $2, $3 FROM recording
WHERE recording.id = $1
  AND NOT EXISTS (SELECT FROM recording_file file WHERE file.recording = $1 AND file.step IN ('removing', 'removed'))
ON CONFLICT (recording) WHERE released IS NULL DO NOTHING RETURNING recording;

-- sealing.release
-- The hold is over.
UPDATE recording_hold SET released = now(), released_by = $2, release_why = $3
WHERE recording = $1 AND released IS NULL RETURNING recording;

-- sealing.deed
-- What somebody did, on record.
INSERT INTO recording_deed (deed, recording, done_by, note) VALUES ($1, $2, $3, $4);

-- sealing.keys_used
-- Which keys are needed to read what is kept, and how much each.
SELECT key, count(*) AS files FROM recording_file WHERE key <> '' AND step <> 'removed' GROUP BY key ORDER BY key;

-- sealing.under_other_keys
-- Kept recordings that are sealed with another key than $1, after recording $2, at most $3.
SELECT recording FROM recording_file
WHERE step = 'kept' AND key <> '' AND key <> $1 AND recording > $2 ORDER BY recording LIMIT $3;

-- sealing.claim_briefly
-- The same lock until the end of the transaction: a hold never comes between the look at a file and its removal.
SELECT pg_advisory_xact_lock(hashtextextended('callcenter recording ' || $1, 0));

-- sealing.proven
-- Where a recording lies.
SELECT path FROM recording WHERE id = $1;

-- sealing.is_there
-- Asked for each range of a recording that is heard, without its lock. No row: there is no recording of that id.
SELECT CASE WHEN f.recording IS NULL THEN r.path <> '' ELSE f.step NOT IN ('removing', 'removed') END
FROM recording AS r LEFT JOIN recording_file AS f ON f.recording = r.id WHERE r.id = $1;
