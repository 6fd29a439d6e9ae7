-- webhooks.add
-- Another one, which is told of what comes after the journal's last entry; nothing comes back if the name is taken.
INSERT INTO webhook (name, url, events, queues, secret, made_by, after_seq)
SELECT $1, $2, $3, $4, $5, $6, seq FROM journal_mark ON CONFLICT (name) DO NOTHING RETURNING name;

-- webhooks.listed
-- All of them, with how much is on its way.
SELECT name, url, events, queues, secret, made_by, extract(epoch FROM made_at)::double precision AS made_s, after_seq,
       extract(epoch FROM failing_since)::double precision AS failing_s,
       extract(epoch FROM disabled)::double precision AS disabled_s, disabled_why,
       (SELECT count(*) FROM webhook_delivery WHERE hook = name) AS waiting,
       coalesce((SELECT why FROM webhook_delivery WHERE hook = name AND tries > 0 ORDER BY seq, n LIMIT 1), '') AS why
FROM webhook ORDER BY name;

-- webhooks.remove
-- What is on its way goes with it.
DELETE FROM webhook WHERE name = $1 RETURNING name;

-- webhooks.move
-- In the transaction of the deliveries, and only from where we believe it to be: a replay may have moved it.
UPDATE webhook SET after_seq = $3 WHERE name = $1 AND after_seq = $2 RETURNING name;

-- webhooks.put
-- Told again, a delivery that is on its way stays as it is.
INSERT INTO webhook_delivery (hook, seq, n, lane, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;

-- webhooks.due
-- The first of each lane, if its time has come; at most $2.
SELECT * FROM (
    SELECT DISTINCT ON (d.hook, d.lane) d.hook, d.seq, d.n, d.lane, d.body, d.tries, d.next_at, w.url, w.secret
    FROM webhook_delivery d JOIN webhook w ON w.name = d.hook
    WHERE w.disabled IS NULL
    ORDER BY d.hook, d.lane, d.seq, d.n
) AS first WHERE next_at <= $1 ORDER BY seq, n LIMIT $2;

-- webhooks.arrived
-- It is done with.
DELETE FROM webhook_delivery WHERE hook = $1 AND seq = $2 AND n = $3;

-- webhooks.well
-- The receiver takes what it is sent.
UPDATE webhook SET failing_since = NULL WHERE name = $1 AND failing_since IS NOT NULL;

-- webhooks.failed
-- Another try, not before $4.
UPDATE webhook_delivery SET tries = tries + 1, next_at = $4, why = $5 WHERE hook = $1 AND seq = $2 AND n = $3;

-- webhooks.failing
-- Since when it has failed.
UPDATE webhook SET failing_since = coalesce(failing_since, to_timestamp($2)) WHERE name = $1
RETURNING extract(epoch FROM failing_since)::double precision;

-- webhooks.disable
-- Nothing is sent any more.
UPDATE webhook SET disabled = now(), disabled_why = $2 WHERE name = $1 AND disabled IS NULL RETURNING name;

-- webhooks.enable
-- What waited is sent at once.
WITH enabled AS (
    UPDATE webhook SET disabled = NULL, disabled_why = '', failing_since = NULL WHERE name = $1 RETURNING name
), hurried AS (
    UPDATE webhook_delivery SET next_at = 0 WHERE hook = $1
)
SELECT name FROM enabled;

-- webhooks.replay
-- Told again from entry $2 on.
UPDATE webhook SET after_seq = $2 - 1 WHERE name = $1 RETURNING name;
