-- cli.last_contact
-- What `last` means: the customer's call that began last.
SELECT id FROM contact WHERE direction NOT IN ('internal', 'voicemail') ORDER BY began DESC, id DESC LIMIT 1;

-- cli.contacts_like
-- Calls whose id is $1 or holds it, the exact one first, then the newest; at most $2.
SELECT id FROM contact WHERE id = $1 OR strpos(id, $1) > 0 ORDER BY id <> $1, began DESC, id DESC LIMIT $2;

-- cli.recordings
-- Recordings that began in [$1, $2), newest last, narrowed by call and agent where given; at most $5.
SELECT recording.id, recording.contact, recording.kind, recording.agent, recording.mailbox,
       extract(epoch FROM recording.started)::double precision AS started_s, recording.expected_s, recording.path,
       recording.seconds, recording.channels, recording.problem, contact.caller, contact.caller_name, contact.queue
FROM recording LEFT JOIN contact ON contact.id = recording.contact
WHERE recording.started >= $1 AND recording.started < $2
  AND ($3::text IS NULL OR recording.contact = $3)
  AND ($4::text IS NULL OR recording.agent = $4)
ORDER BY recording.started, recording.id LIMIT $5;

-- cli.recording
-- The recordings of call $1, or the one whose id is $1.
SELECT id, path, problem FROM recording WHERE contact = $1 OR id = $1 ORDER BY started, id;

-- cli.callbacks
-- Callbacks promised in [$1, $2), narrowed to a queue where given; at most $4.
SELECT contact, number, queue, first, extract(epoch FROM promised)::double precision AS promised_s,
       extract(epoch FROM not_before)::double precision AS not_before_s, extract(epoch FROM until)::double precision AS until_s,
       extract(epoch FROM settled)::double precision AS settled_s, end_reason, in_time, attempts, agent, asked_by, note, why
FROM callback
WHERE promised >= $1 AND promised < $2 AND ($3::text IS NULL OR queue = $3)
ORDER BY promised, contact LIMIT $4;

-- cli.callback
-- What call $1 was promised.
SELECT contact, number, queue, first, extract(epoch FROM promised)::double precision AS promised_s,
       extract(epoch FROM not_before)::double precision AS not_before_s, extract(epoch FROM until)::double precision AS until_s,
       extract(epoch FROM settled)::double precision AS settled_s, end_reason, in_time, attempts, agent, asked_by, note, why
FROM callback WHERE contact = $1 ORDER BY promised;

-- cli.callback_attempts
-- Each time its customer was dialled.
SELECT attempt, leg, extract(epoch FROM dialled)::double precision AS dialled_s, number, agent, rang_s, end_reason
FROM callback_attempt WHERE contact = $1 ORDER BY dialled, attempt;

-- cli.messages
-- Messages for agents that were left in [$1, $2), narrowed to a queue where given; at most $4.
SELECT voicemail.contact, contact.caller, contact.caller_name, voicemail.mailbox, voicemail.queue, voicemail.left_in,
       extract(epoch FROM voicemail.left_at)::double precision AS left_s, coalesce(recording.seconds, voicemail.seconds) AS seconds,
       extract(epoch FROM voicemail.settled)::double precision AS settled_s, voicemail.end_reason, voicemail.heard_by,
       voicemail.settled_by, voicemail.hearings, voicemail.recording, recording.path
FROM voicemail JOIN contact ON contact.id = voicemail.contact LEFT JOIN recording ON recording.id = voicemail.recording
WHERE voicemail.left_at >= $1 AND voicemail.left_at < $2 AND ($3::text IS NULL OR voicemail.queue = $3)
ORDER BY voicemail.left_at, voicemail.contact LIMIT $4;

-- cli.message
-- The messages whose id, or that of the call they were left in, contains $1; a few.
SELECT voicemail.contact, contact.caller, contact.caller_name, voicemail.mailbox, voicemail.queue, voicemail.left_in,
       extract(epoch FROM voicemail.left_at)::double precision AS left_s, coalesce(recording.seconds, voicemail.seconds) AS seconds,
       extract(epoch FROM voicemail.settled)::double precision AS settled_s, voicemail.end_reason, voicemail.heard_by,
       voicemail.settled_by, voicemail.hearings, voicemail.recording, recording.path
FROM voicemail JOIN contact ON contact.id = voicemail.contact LEFT JOIN recording ON recording.id = voicemail.recording
WHERE $1 <> '' AND (strpos(voicemail.contact, $1) > 0 OR strpos(voicemail.left_in, $1) > 0)
ORDER BY (voicemail.contact = $1 OR voicemail.left_in = $1) DESC, voicemail.contact LIMIT 20;

