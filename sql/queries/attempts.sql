-- attempts.hold_number
-- Of two diallers that are about to dial one number, the second waits until the first has decided, and sees its attempt.
SELECT pg_advisory_xact_lock(hashtextextended('number ' || $1, 0));

-- attempts.hold_lead
-- The lead, if it is still this dialler's, held until the decision is written.
SELECT state, outcomes, attempts FROM lead WHERE id = $1 AND state = 'claimed' AND claimed_by = $2 FOR UPDATE;

-- attempts.facts
-- What the law asks about a number: when it was dialled (and the person on any of hers) and dropped, who listed it,
-- what it agreed to.
-- Callbacks are counted too, but for those that came to no phone; one that rings for longer than any phone is no call.
SELECT ARRAY(SELECT extract(epoch FROM began)::double precision FROM attempt
             WHERE number = $1 AND began > $3 AND outcome IS DISTINCT FROM 'void'
             UNION ALL
             SELECT extract(epoch FROM began)::double precision FROM callback_dial
             WHERE number = $1 AND began > $3 AND coalesce(outcome, '') NOT IN ('void', 'failed')
             ORDER BY 1) AS attempts,
       ARRAY(SELECT extract(epoch FROM began)::double precision FROM attempt
             WHERE lead = $5 AND began > $3 AND outcome IS DISTINCT FROM 'void'
             UNION ALL
             SELECT extract(epoch FROM began)::double precision FROM attempt
             WHERE number IN (SELECT $1 UNION SELECT number FROM lead_number WHERE lead = $5)
               AND lead <> $5 AND began > $3 AND outcome IS DISTINCT FROM 'void'
             UNION ALL
             SELECT extract(epoch FROM began)::double precision FROM callback_dial
             WHERE number IN (SELECT $1 UNION SELECT number FROM lead_number WHERE lead = $5)
               AND began > $3 AND coalesce(outcome, '') NOT IN ('void', 'failed')
             ORDER BY 1) AS lead_attempts,
       (SELECT extract(epoch FROM max(ended))::double precision FROM attempt
        WHERE number = $1 AND outcome = 'dropped') AS dropped_at,
       EXISTS (SELECT FROM attempt WHERE outcome IS NULL AND (number = $1 OR lead = $5))
       OR EXISTS (SELECT FROM callback_dial
                  WHERE outcome IS NULL AND number = $1 AND began > $6::timestamptz - interval '10 minutes') AS open,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('register', list.register, 'entry', entry.entry,
                                                     'since', extract(epoch FROM entry.since)) ORDER BY list.register), '[]')
        FROM do_not_call_entry entry JOIN do_not_call_list list ON list.id = entry.list
        WHERE entry.entry = ANY($2::text[]) AND (entry.prefix OR entry.entry = $1) AND list.live
          AND (list.register NOT LIKE 'campaign:%' OR list.register = 'campaign:' || $4)) AS listings,
       (SELECT jsonb_build_object('kind', kind, 'given', extract(epoch FROM given),
                                  'revoked', extract(epoch FROM revoked), 'proof', proof)
        FROM consent WHERE number = $1
        ORDER BY (revoked IS NULL) DESC,
                 array_position(ARRAY['written', 'express', 'inquiry'], kind), given DESC LIMIT 1) AS consent;

-- attempts.registers
-- The lists of those who will not be called, as they are looked at now.
SELECT register, version, extract(epoch FROM as_of)::double precision AS as_of
FROM do_not_call_list WHERE live ORDER BY register;

-- attempts.write
-- The attempt, before anything is dialled.
INSERT INTO attempt (id, lead, number, campaign, dialler, trunk, caller_id, hour, began)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- attempts.count_lead
-- The lead was tried once more.
UPDATE lead SET attempts = attempts + $2 WHERE id = $1;

-- attempts.count_number
-- The number was tried once more.
UPDATE lead_number SET attempts = attempts + $3 WHERE lead = $1 AND number = $2;

-- attempts.hold_open
-- An attempt that has no outcome yet; none: it is settled, and whoever says so again is late.
SELECT lead, number, campaign, hour FROM attempt WHERE id = $1 AND outcome IS NULL FOR UPDATE;

-- attempts.settle
-- What came of it.
UPDATE attempt SET outcome = $2, ended = $3, answered = $4, misjudged = $5 WHERE id = $1;

-- attempts.bury_number
-- A number that does not exist is tried no more.
UPDATE lead_number SET dead = true WHERE lead = $1 AND number = $2;

-- attempts.rest_numbers
-- Numbers that may not be called before a time, each its own.
UPDATE lead_number SET rests_until = found.until
FROM unnest($2::text[], $3::timestamptz[]) AS found (number, until) WHERE lead = $1 AND lead_number.number = found.number;

-- attempts.numbers_left
-- Her numbers that may still be tried, those tried least first, and until when they rest.
SELECT n, number, label, region, line, attempts,
       coalesce(extract(epoch FROM rests_until)::double precision, 0) AS rests_until
FROM lead_number WHERE lead = $1 AND NOT dead ORDER BY attempts, n;

-- attempts.lead_after
-- Held and counted: what the next step is made of.
SELECT lead.attempts, lead.outcomes, lead.recorded, left_.numbers_left, left_.free_at
FROM lead CROSS JOIN (SELECT count(*) AS numbers_left,
                             min(coalesce(extract(epoch FROM rests_until)::double precision, 0)) AS free_at
                      FROM lead_number WHERE lead = $1 AND NOT dead) AS left_
WHERE id = $1 FOR UPDATE OF lead;

-- attempts.lead_goes
-- Where the lead goes after its attempt.
UPDATE lead SET state = $2, next_at = $3, claimed_by = NULL, outcome = $4, outcomes = $5,
       answers = CASE WHEN $6::smallint IS NULL THEN answers ELSE answers || $6::smallint END,
       best_hour = coalesce($7, best_hour), recorded = $8
WHERE id = $1;

-- attempts.hold_last
-- A settled attempt that is the last one of its lead, who is held; none: she has been called since, or will never be.
SELECT attempt.lead, attempt.outcome, extract(epoch FROM attempt.ended)::double precision AS ended,
       lead.outcome AS said, lead.attempts, lead.outcomes, lead.recorded,
       (SELECT count(*) FROM lead_number WHERE lead = attempt.lead AND NOT dead) AS numbers_left,
       (SELECT min(coalesce(extract(epoch FROM rests_until)::double precision, 0))
        FROM lead_number WHERE lead = attempt.lead AND NOT dead) AS free_at
FROM attempt JOIN lead ON lead.id = attempt.lead
WHERE attempt.id = $1 AND attempt.outcome IS NOT NULL AND lead.state <> 'refused'
  AND NOT EXISTS (SELECT FROM attempt later WHERE later.lead = attempt.lead AND later.began > attempt.began
                  AND later.outcome IS DISTINCT FROM 'void')
FOR UPDATE OF lead;

-- attempts.lead_goes_otherwise
-- An agent has recorded something else: where the lead goes instead. A dialler that has claimed her has her no more.
UPDATE lead SET state = $2, next_at = $3, claimed_by = NULL, outcome = $4, recorded = $5 WHERE id = $1;

-- attempts.hours_of_lead
-- When she was called, by her own clock, and when a person answered.
SELECT hour, count(*) AS calls, count(answered) AS answered
FROM attempt WHERE lead = $1 AND hour IS NOT NULL AND outcome <> 'void' GROUP BY hour;

-- attempts.hours_of_campaign
-- Likewise all whom a campaign has called since a time.
SELECT hour, count(*) AS calls, count(answered) AS answered
FROM attempt WHERE campaign = $1 AND began > $2 AND hour IS NOT NULL AND outcome <> 'void' GROUP BY hour;

-- attempts.lead_waits
-- A lead that was refused now and will be allowed later, or never.
UPDATE lead SET state = $2, next_at = $3, claimed_by = NULL WHERE id = $1;

-- attempts.open_of
-- Attempts of a dialler that have no outcome.
SELECT id, lead, number, campaign, dialler, extract(epoch FROM began)::double precision AS began
FROM attempt WHERE dialler = $1 AND outcome IS NULL ORDER BY began, id;

-- attempts.adopt
-- A call that outlived its dialler is another's now.
UPDATE attempt SET dialler = $2 WHERE id = $1 AND outcome IS NULL;

-- attempts.adopt_lead
-- Its lead as well.
UPDATE lead SET claimed_by = $2 WHERE state = 'claimed' AND id = (SELECT lead FROM attempt WHERE id = $1);

-- attempts.drops
-- Calls of a campaign that a person answered, and those that were dropped, since a time; by estimate those also who were
-- taken for machines.
SELECT count(*) + coalesce(sum(misjudged), 0) AS answered,
       count(*) FILTER (WHERE outcome = 'dropped') + coalesce(sum(misjudged), 0) AS dropped
FROM attempt WHERE campaign = $1 AND answered > $2 AND outcome IN ('answered', 'dropped', 'hung_up');

-- attempts.add_dialler
-- A program that is about to claim leads.
INSERT INTO dialler (name, key) VALUES ($1, $2);

-- attempts.diallers
-- All that were registered and have not left.
SELECT name, key FROM dialler ORDER BY started, name;

-- attempts.remove_dialler
-- One that has left, or was found dead and cleared up after.
DELETE FROM dialler WHERE name = $1;

-- attempts.hold_key
-- Held as long as the connection lives, and not a moment longer: that is how others know.
SELECT pg_try_advisory_lock($1);

-- attempts.let_key_go
-- Another may look at this dialler.
SELECT pg_advisory_unlock($1);

-- attempts.by_hour
-- What the campaigns' calls came to, hour by hour, since a time: for an engine that remembers nothing of them.
SELECT campaign, floor(extract(epoch FROM answered) / 3600)::int AS at_hour, count(*) + sum(misjudged) AS answered,
       count(*) FILTER (WHERE outcome = 'dropped') + sum(misjudged) AS dropped
FROM attempt WHERE answered > $1 AND outcome IN ('answered', 'dropped', 'hung_up')
GROUP BY campaign, at_hour ORDER BY campaign, at_hour;

-- attempts.past
-- Attempts of a campaign that ended since a time: when, whether a person answered, after how long.
SELECT extract(epoch FROM began)::double precision AS began, answered IS NOT NULL AS live,
       extract(epoch FROM coalesce(answered, ended) - began)::double precision AS after_s
FROM attempt WHERE campaign = $1 AND began > $2 AND outcome IS NOT NULL AND outcome NOT IN ('void', 'lost')
ORDER BY began, id;

-- attempts.past_talks
-- How long agents talked in a queue since a time, and how long they wrapped up after each talk.
SELECT talk.talk_s, coalesce((SELECT sum(extract(epoch FROM activity.until - activity.since))::double precision
                              FROM agent_activity activity
                              WHERE activity.contact = talk.contact AND activity.agent = talk.agent
                                AND activity.state = 'wrap_up' AND activity.until IS NOT NULL
                                AND activity.since >= talk.began), 0) AS wrap_up_s
FROM talk WHERE talk.queue = $1 AND talk.began > $2 ORDER BY talk.began, talk.contact;

-- attempts.hours
-- A campaign's attempts since a time, by the called people's local hour.
SELECT hour, count(*) AS dials, count(*) FILTER (WHERE answered IS NOT NULL) AS answered,
       count(*) FILTER (WHERE outcome = 'dropped') AS dropped, count(*) FILTER (WHERE outcome = 'machine') AS machines
FROM attempt WHERE campaign = $1 AND began > $2 AND outcome IS NOT NULL AND outcome <> 'void'
GROUP BY hour ORDER BY hour NULLS LAST;
