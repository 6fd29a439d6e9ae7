-- api.calls
-- A page of calls that began in [$1, $2), newest first, within queues $3, teams $10 or those of agent $11 (all NULL: all), narrowed
-- by agent, caller, end reason, queue $12 where given, after ($7, $8).
SELECT cdr.id, cdr.medium, cdr.direction, cdr.caller, cdr.caller_name, cdr.dialled, cdr.began, cdr.ended, cdr.end_reason,
       cdr.flow_s, cdr.wait_s, cdr.talk_s, cdr.forward_s, cdr.queue, cdr.agent, cdr.why, cdr.offers, cdr.missed, cdr.language,
       cdr.recordings::text AS recordings
FROM cdr
WHERE cdr.began >= $1 AND cdr.began < $2
  AND ($3::text[] IS NULL OR cdr.queue = ANY ($3) OR cdr.agent = $11::text
       OR cdr.agent IN (SELECT agent.id FROM agent WHERE agent.team = ANY ($10::text[])))
  AND ($12::text IS NULL OR cdr.queue = $12)
  AND ($4::text IS NULL OR cdr.agent = $4)
  AND ($5::text IS NULL OR (left(cdr.caller, 40) = left($5, 40) AND cdr.caller = $5))
  AND ($6::text IS NULL OR cdr.end_reason = $6)
  AND ($7::timestamptz IS NULL OR (cdr.began, cdr.id) < ($7, $8))
ORDER BY cdr.began DESC, cdr.id DESC LIMIT $9;

-- api.recordings
-- A page of recordings that began in [$1, $2), newest first, within queues $3 or teams $4 (both NULL: all), narrowed by call,
-- agent, queue, held where given, after ($9, $10).
SELECT recording.id, recording.contact, recording.kind, recording.agent, recording.mailbox, recording.started,
       recording.expected_s, recording.seconds, recording.channels, recording.problem,
       coalesce(voicemail.queue, contact.queue) AS queue, agent.team,
       file.step, coalesce(file.codec, '') AS codec, coalesce(file.key, '') <> '' AS sealed, coalesce(file.sha256, '') AS sha256,
       coalesce(file.size, 0) AS size, hold.recording IS NOT NULL AS held, coalesce(hold.held_by, '') AS held_by,
       coalesce(hold.reason, '') AS hold_reason
FROM recording
LEFT JOIN contact ON contact.id = recording.contact
LEFT JOIN voicemail ON voicemail.recording = recording.id
LEFT JOIN agent ON agent.id = recording.agent
LEFT JOIN recording_file file ON file.recording = recording.id
LEFT JOIN recording_hold hold ON hold.recording = recording.id AND hold.released IS NULL
WHERE recording.started >= $1 AND recording.started < $2
  AND ($3::text[] IS NULL OR coalesce(voicemail.queue, contact.queue) = ANY ($3) OR agent.team = ANY ($4::text[]))
  AND ($5::text IS NULL OR recording.contact = $5)
  AND ($6::text IS NULL OR recording.agent = $6)
  AND ($7::text IS NULL OR coalesce(voicemail.queue, contact.queue) = $7)
  AND ($8::boolean IS NULL OR (hold.recording IS NOT NULL) = $8)
  AND ($9::timestamptz IS NULL OR (recording.started, recording.id) < ($9, $10))
ORDER BY recording.started DESC, recording.id DESC LIMIT $11;

-- api.recording
-- One recording.
SELECT recording.id, recording.contact, recording.kind, recording.agent, recording.mailbox, recording.started,
       recording.expected_s, recording.seconds, recording.channels, recording.problem,
       coalesce(voicemail.queue, contact.queue) AS queue, agent.team,
       file.step, coalesce(file.codec, '') AS codec, coalesce(file.key, '') <> '' AS sealed, coalesce(file.sha256, '') AS sha256,
       coalesce(file.size, 0) AS size, hold.recording IS NOT NULL AS held, coalesce(hold.held_by, '') AS held_by,
       coalesce(hold.reason, '') AS hold_reason
FROM recording
LEFT JOIN contact ON contact.id = recording.contact
LEFT JOIN voicemail ON voicemail.recording = recording.id
LEFT JOIN agent ON agent.id = recording.agent
LEFT JOIN recording_file file ON file.recording = recording.id
LEFT JOIN recording_hold hold ON hold.recording = recording.id AND hold.released IS NULL
WHERE recording.id = $1;

-- api.message
-- The recording of a message, and the queue that it is for.
SELECT voicemail.recording, voicemail.queue FROM voicemail WHERE voicemail.contact = $1;

-- api.call
-- One call.
SELECT cdr.id, cdr.medium, cdr.direction, cdr.caller, cdr.caller_name, cdr.dialled, cdr.began, cdr.ended, cdr.end_reason,
       cdr.flow_s, cdr.wait_s, cdr.talk_s, cdr.forward_s, cdr.queue, cdr.agent, cdr.why, cdr.offers, cdr.missed, cdr.language,
       cdr.recordings::text AS recordings
FROM cdr WHERE cdr.id = $1;
