-- records.contact
-- Open or complete contacts. What the ending fact does not know (the leg) stays.
INSERT INTO contact (id, leg, medium, direction, caller, caller_name, dialled, began, ended, end_reason,
                     flow_s, wait_s, talk_s, forward_s, queue, agent, why, offers, missed, language, callback_s, hold_s,
                     parked_s)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::timestamptz[], $9::timestamptz[], $10::text[], $11::float8[], $12::float8[], $13::float8[],
                     $14::float8[], $15::text[], $16::text[], $17::text[], $18::int[], $19::int[], $20::text[],
                     $21::float8[], $22::float8[], $23::float8[])
ON CONFLICT (id) DO UPDATE SET
    leg = coalesce(excluded.leg, contact.leg), ended = excluded.ended, end_reason = excluded.end_reason,
    flow_s = excluded.flow_s, wait_s = excluded.wait_s, talk_s = excluded.talk_s, forward_s = excluded.forward_s,
    queue = excluded.queue, agent = excluded.agent, why = excluded.why, offers = excluded.offers,
    missed = excluded.missed, language = excluded.language, callback_s = excluded.callback_s,
    hold_s = excluded.hold_s, parked_s = excluded.parked_s;

-- records.callback
-- Promise callbacks or settle them; each fact fills in what it knows.
INSERT INTO callback (contact, promised, queue, number, first, not_before, until, asked_by, note, only_agent, settled,
                      end_reason, in_time, attempts, agent, why)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                     $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[],
                     $13::boolean[], $14::int[], $15::text[], $16::text[])
ON CONFLICT (contact, promised) DO UPDATE SET
    number = coalesce(excluded.number, callback.number), first = coalesce(excluded.first, callback.first),
    not_before = coalesce(excluded.not_before, callback.not_before), until = coalesce(excluded.until, callback.until),
    asked_by = coalesce(excluded.asked_by, callback.asked_by), note = coalesce(excluded.note, callback.note),
    only_agent = coalesce(excluded.only_agent, callback.only_agent),
    settled = coalesce(excluded.settled, callback.settled), end_reason = coalesce(excluded.end_reason, callback.end_reason),
    in_time = coalesce(excluded.in_time, callback.in_time), attempts = coalesce(excluded.attempts, callback.attempts),
    agent = coalesce(excluded.agent, callback.agent), why = coalesce(excluded.why, callback.why);

-- records.callback_attempt
-- Begin or end attempts; each fact fills in what it knows.
INSERT INTO callback_attempt (leg, contact, queue, attempt, dialled, number, agent, ended, end_reason, rang_s)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::text[], $7::text[],
                     $8::timestamptz[], $9::text[], $10::float8[])
ON CONFLICT (leg) DO UPDATE SET
    dialled = coalesce(excluded.dialled, callback_attempt.dialled), number = coalesce(excluded.number, callback_attempt.number),
    agent = coalesce(excluded.agent, callback_attempt.agent), ended = coalesce(excluded.ended, callback_attempt.ended),
    end_reason = coalesce(excluded.end_reason, callback_attempt.end_reason),
    rang_s = coalesce(excluded.rang_s, callback_attempt.rang_s);

-- records.offer
-- Begin or end offers; each fact fills in what it knows.
INSERT INTO offer (id, contact, agent, leg, queue, offered, strategy, why, considered, free, ended, end_reason, rang_s)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
                     $8::text[], $9::jsonb[], $10::int[], $11::timestamptz[], $12::text[], $13::float8[])
ON CONFLICT (id) DO UPDATE SET
    offered = coalesce(excluded.offered, offer.offered), strategy = coalesce(excluded.strategy, offer.strategy),
    why = coalesce(excluded.why, offer.why), considered = coalesce(excluded.considered, offer.considered),
    free = coalesce(excluded.free, offer.free), ended = coalesce(excluded.ended, offer.ended),
    end_reason = coalesce(excluded.end_reason, offer.end_reason), rang_s = coalesce(excluded.rang_s, offer.rang_s);

-- records.agent_activity
-- Begin or end periods. A period that begins replaces one of the same instant; one that ends keeps its contact.
INSERT INTO agent_activity (agent, since, until, status, state, reason, contact)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[])
ON CONFLICT (agent, since) DO UPDATE SET
    until = excluded.until, status = excluded.status, state = excluded.state, reason = excluded.reason,
    contact = CASE WHEN excluded.until IS NULL THEN excluded.contact
                   ELSE coalesce(excluded.contact, agent_activity.contact) END;

-- records.recording
-- Start, stop or verify recordings; each fact fills in what it knows.
INSERT INTO recording (id, contact, kind, agent, mailbox, started, stopped, expected_s, path, seconds, channels, problem, checked)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
                     $8::float8[], $9::text[], $10::float8[], $11::int[], $12::text[], $13::timestamptz[])
ON CONFLICT (id) DO UPDATE SET
    kind = coalesce(excluded.kind, recording.kind), agent = coalesce(excluded.agent, recording.agent),
    mailbox = coalesce(excluded.mailbox, recording.mailbox), started = coalesce(excluded.started, recording.started),
    stopped = coalesce(excluded.stopped, recording.stopped), expected_s = coalesce(excluded.expected_s, recording.expected_s),
    path = coalesce(excluded.path, recording.path), seconds = coalesce(excluded.seconds, recording.seconds),
    channels = coalesce(excluded.channels, recording.channels), problem = coalesce(excluded.problem, recording.problem),
    checked = coalesce(excluded.checked, recording.checked);

-- records.voicemail
-- Messages that agents are to hear, or their end; each fact fills in what it knows.
INSERT INTO voicemail (contact, queue, left_in, recording, mailbox, left_at, seconds, heard_by, next_at, settled,
                       end_reason, settled_by, hearings)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::float8[],
                     $8::text[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[], $13::int[])
ON CONFLICT (contact) DO UPDATE SET
    left_in = coalesce(excluded.left_in, voicemail.left_in), recording = coalesce(excluded.recording, voicemail.recording),
    mailbox = coalesce(excluded.mailbox, voicemail.mailbox), left_at = coalesce(excluded.left_at, voicemail.left_at),
    seconds = coalesce(excluded.seconds, voicemail.seconds), heard_by = coalesce(excluded.heard_by, voicemail.heard_by),
    next_at = coalesce(excluded.next_at, voicemail.next_at), settled = coalesce(excluded.settled, voicemail.settled),
    end_reason = coalesce(excluded.end_reason, voicemail.end_reason),
    settled_by = coalesce(excluded.settled_by, voicemail.settled_by),
    hearings = coalesce(excluded.hearings, voicemail.hearings);
