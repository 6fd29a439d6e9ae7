-- leads.claim
-- The next leads of a list, taken so that no two diallers have the same one. Only groups of zones that may be called now.
UPDATE lead SET state = 'claimed', claimed_by = $1
WHERE id IN (SELECT id FROM lead WHERE list = $2 AND state = 'ready' AND zones = ANY($3::text[]) AND ({filter})
             ORDER BY {order} LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING id, list, name, reference, priority, zones, part, attempts, outcomes, answers, custom, created, shuffle, best_hour;

-- leads.claim_of_hours
-- Likewise, of each group of zones those of its best hours (-1: never called), by priority: two looks into an index each.
UPDATE lead SET state = 'claimed', claimed_by = $1
WHERE id IN (SELECT found.id FROM unnest($3::text[], $5::int[]) AS wanted (zones, hour)
             CROSS JOIN LATERAL (SELECT id, priority FROM lead
                                 WHERE list = $2 AND state = 'ready' AND zones = wanted.zones
                                   AND coalesce(best_hour, -1) = wanted.hour AND ({filter})
                                 ORDER BY priority DESC, id LIMIT $4 FOR UPDATE SKIP LOCKED) AS found
             ORDER BY found.priority DESC, found.id LIMIT $4)
RETURNING id, list, name, reference, priority, zones, part, attempts, outcomes, answers, custom, created, shuffle, best_hour;

-- leads.numbers
-- Numbers of leads that may still be tried, those tried least first, and which of them were refused until later.
SELECT lead, n, number, label, region, line, attempts, coalesce(rests_until > $2, false) AS rests FROM lead_number
WHERE lead = ANY($1::bigint[]) AND NOT dead ORDER BY lead, attempts, n;

-- leads.zones
-- The groups of zones of a list's ready leads, each with a number's region and part: by skipping from one to the next.
WITH RECURSIVE groups AS (
    (SELECT zones FROM lead WHERE list = $1 AND state = 'ready' ORDER BY zones LIMIT 1)
    UNION ALL
    SELECT (SELECT zones FROM lead WHERE list = $1 AND state = 'ready' AND zones > groups.zones ORDER BY zones LIMIT 1)
    FROM groups WHERE zones IS NOT NULL
)
SELECT zones FROM groups WHERE zones IS NOT NULL;

-- leads.wake
-- Leads whose time has come.
UPDATE lead SET state = 'ready', next_at = NULL
WHERE id IN (SELECT id FROM lead WHERE list = $1 AND state = 'waiting' AND next_at <= $2
             ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED);

-- leads.release
-- Claimed leads that nothing was done with go back into the list.
UPDATE lead SET state = 'ready', claimed_by = NULL
WHERE claimed_by = $1 AND state = 'claimed' AND ($2::bigint[] IS NULL OR id = ANY($2))
  AND NOT EXISTS (SELECT FROM attempt WHERE attempt.lead = lead.id AND attempt.outcome IS NULL);

-- leads.states
-- How far a list is.
SELECT state, count(*) AS leads, count(*) FILTER (WHERE attempts > 0) AS tried,
       count(*) FILTER (WHERE outcomes ? 'answered') AS reached
FROM lead WHERE list = $1 GROUP BY state ORDER BY state;

-- leads.lists
-- Every list.
SELECT name, extract(epoch FROM imported)::double precision AS imported, region, leads, refused, duplicates
FROM lead_list ORDER BY name;

-- leads.rest
-- Leads that an agent passed over: this dialler's, and ready again at a time.
UPDATE lead SET state = 'waiting', next_at = $3, claimed_by = NULL
WHERE state = 'claimed' AND claimed_by = $1 AND id = ANY($2);
