-- reports.calls
-- Contacts that began in [$1, $2), narrowed by queue, agent, caller, medium, end reason where given. {order} is from an allow-list.
SELECT cdr.id, cdr.medium, cdr.direction, cdr.caller, cdr.caller_name, cdr.dialled, cdr.began, cdr.ended, cdr.end_reason,
       cdr.flow_s, cdr.wait_s, cdr.talk_s, cdr.forward_s, cdr.queue, cdr.agent, cdr.why, cdr.offers, cdr.missed, cdr.language,
       cdr.recordings::text AS recordings
FROM cdr
WHERE cdr.began >= $1 AND cdr.began < $2
  AND ($3::text IS NULL OR cdr.queue = $3)
  AND ($4::text IS NULL OR cdr.agent = $4)
  AND ($5::text IS NULL OR (left(cdr.caller, 40) = left($5, 40) AND cdr.caller = $5))
  AND ($6::text IS NULL OR cdr.medium = $6)
  AND ($7::text IS NULL OR cdr.end_reason = $7)
  AND ($8::boolean OR cdr.direction NOT IN ('internal', 'voicemail'))
ORDER BY {order} LIMIT $9 OFFSET $10;

-- reports.call
-- One contact as a JSON object of the view cdr.
SELECT to_jsonb(cdr)::text FROM cdr WHERE id = $1;

-- reports.queues
-- Queues by interval of $3 counted from $4. {order} is from an allow-list.
SELECT * FROM queue_interval_between($1, $2, $3, $4)
WHERE $5::text IS NULL OR queue = $5
ORDER BY {order};

-- reports.agents
-- Agents by interval of $3 counted from $4, with the names they have or had. {order} is from an allow-list.
SELECT line.*, coalesce(agent.name, '') AS name
FROM agent_interval_between($1, $2, $3, $4) line LEFT JOIN agent ON agent.id = line.agent
WHERE $5::text IS NULL OR line.agent = $5
ORDER BY {order};

-- reports.summary
-- Everything between $1 and $2 in one line; $3 narrows it to a queue. The formulas are those of queue_interval_between.
SELECT (SELECT count(*) FROM contact
        WHERE began >= $1 AND began < $2 AND direction NOT IN ('internal', 'voicemail') AND ($3::text IS NULL OR queue = $3)) AS contacts,
       coalesce(sum(offered), 0)::bigint AS offered, coalesce(sum(answered), 0)::bigint AS answered,
       coalesce(sum(abandoned), 0)::bigint AS abandoned, coalesce(sum(other_exits), 0)::bigint AS other_exits,
       coalesce(sum(answered_in_time), 0)::bigint AS answered_in_time,
       coalesce(sum(abandoned_in_time), 0)::bigint AS abandoned_in_time,
       coalesce(sum(handled), 0)::bigint AS handled,
       coalesce(sum(talk_s), 0) AS talk_s, coalesce(sum(wrap_up_s), 0) AS wrap_up_s,
       coalesce(max(longest_wait_s), 0) AS longest_wait_s,
       (sum(answered_in_time) / nullif(sum(answered) + sum(abandoned), 0))::double precision AS service_level,
       sum(answered_wait_s) / nullif(sum(answered), 0)::double precision AS asa_s,
       (sum(talk_s) + sum(wrap_up_s)) / nullif(sum(handled), 0)::double precision AS aht_s
FROM queue_interval_between($1, $2, $2::timestamptz - $1::timestamptz, $1)
WHERE $3::text IS NULL OR queue = $3;

-- reports.end_reasons
-- How the contacts that began in [$1, $2) ended; those still running have no reason.
SELECT coalesce(end_reason, '') AS end_reason, count(*) AS contacts FROM contact
WHERE began >= $1 AND began < $2 AND direction NOT IN ('internal', 'voicemail') AND ($3::text IS NULL OR queue = $3)
GROUP BY 1 ORDER BY 2 DESC, 1;

-- reports.waits
-- Predicted and true waits by interval of $3 counted from $4. {order} is from an allow-list.
SELECT * FROM wait_interval_between($1, $2, $3, $4)
WHERE $5::text IS NULL OR queue = $5
ORDER BY {order};

-- reports.callbacks
-- Callbacks by interval of $3 counted from $4, where they were promised.
SELECT * FROM callback_interval_between($1, $2, $3, $4)
WHERE $5::text IS NULL OR queue = $5
ORDER BY starts, queue;

-- reports.voicemails
-- Messages by interval of $3 counted from $4, where they were left.
SELECT * FROM voicemail_interval_between($1, $2, $3, $4)
WHERE $5::text IS NULL OR queue = $5
ORDER BY starts, queue;
