-- api.calls
-- A page of calls that began in [$1, $2), newest first, narrowed by queues, queue, agent, caller, end reason where given, after ($7, $8).
SELECT cdr.id, cdr.medium, cdr.direction, cdr.caller, cdr.caller_name, cdr.dialled, cdr.began, cdr.ended, cdr.end_reason,
       cdr.flow_s, cdr.wait_s, cdr.talk_s, cdr.forward_s, cdr.queue, cdr.agent, cdr.why, cdr.offers, cdr.missed, cdr.language,
       cdr.recordings::text AS recordings
FROM cdr
WHERE cdr.began >= $1 AND cdr.began < $2
  AND ($3::text[] IS NULL OR cdr.queue = ANY ($3))
  AND ($4::text IS NULL OR cdr.agent = $4)
  AND ($5::text IS NULL OR (left(cdr.caller, 40) = left($5, 40) AND cdr.caller = $5))
  AND ($6::text IS NULL OR cdr.end_reason = $6)
  AND ($7::timestamptz IS NULL OR (cdr.began, cdr.id) < ($7, $8))
ORDER BY cdr.began DESC, cdr.id DESC LIMIT $9;

-- api.recordings
-- A page of recordings that began in [$1, $2), newest first, narrowed by queues, call, agent where given, after ($6, $7).
SELECT recording.id, recording.contact, recording.kind, recording.agent, recording.mailbox, recording.started,
       recording.expected_s, recording.seconds, recording.channels, recording.problem, contact.queue
FROM recording LEFT JOIN contact ON contact.id = recording.contact
WHERE recording.started >= $1 AND recording.started < $2
  AND ($3::text[] IS NULL OR contact.queue = ANY ($3))
  AND ($4::text IS NULL OR recording.contact = $4)
  AND ($5::text IS NULL OR recording.agent = $5)
  AND ($6::timestamptz IS NULL OR (recording.started, recording.id) < ($6, $7))
ORDER BY recording.started DESC, recording.id DESC LIMIT $8;

-- api.call
-- One call.
SELECT cdr.id, cdr.medium, cdr.direction, cdr.caller, cdr.caller_name, cdr.dialled, cdr.began, cdr.ended, cdr.end_reason,
       cdr.flow_s, cdr.wait_s, cdr.talk_s, cdr.forward_s, cdr.queue, cdr.agent, cdr.why, cdr.offers, cdr.missed, cdr.language,
       cdr.recordings::text AS recordings
FROM cdr WHERE cdr.id = $1;
