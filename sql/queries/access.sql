-- access.add_token
-- Another token; nothing comes back if the name was used before, by a revoked one too.
INSERT INTO api_token (name, digest, scopes, queues, teams, made_by, expires, agent, person)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO NOTHING RETURNING name;

-- access.works_here
-- Whether there is such an agent now.
SELECT id FROM agent WHERE id = $1 AND removed_at IS NULL;

-- access.token
-- Whose token this is, if it is good now; that of an agent is, while she works here, and opens what she supervises.
SELECT token.name, token.scopes, token.queues, token.teams, token.agent, token.person, agent.supervises::text AS supervises,
       token.last_used IS NULL OR token.last_used < now() - interval '1 minute' AS stale
FROM api_token token LEFT JOIN agent ON agent.id = token.agent
WHERE token.digest = $1 AND token.revoked IS NULL AND (token.expires IS NULL OR token.expires > now())
  AND (token.agent IS NULL OR agent.removed_at IS NULL);

-- access.used
-- Once a minute at most, for requests are many.
UPDATE api_token SET last_used = now() WHERE digest = $1;

-- access.tokens
-- All of them, also those that are good no more.
SELECT name, scopes, queues, teams, agent, person, made_by, extract(epoch FROM made_at)::double precision AS made_s,
       extract(epoch FROM expires)::double precision AS expires_s, extract(epoch FROM last_used)::double precision AS used_s,
       extract(epoch FROM revoked)::double precision AS revoked_s, revoked_by
FROM api_token ORDER BY name;

-- access.revoke
-- Good no more, from the next request on.
UPDATE api_token SET revoked = now(), revoked_by = $2 WHERE name = $1 AND revoked IS NULL RETURNING name;

-- access.begin_act
-- Written before it is done.
INSERT INTO audit (who, via, act, subject, told) VALUES ($1, $2, $3, $4, $5) RETURNING id;

-- access.end_act
-- What came of it; the first word is the last.
UPDATE audit SET outcome = $2, detail = $3, ended = clock_timestamp() WHERE id = $1 AND outcome IS NULL;

-- access.audit
-- Acts in [$1, $2), newest first, narrowed by who and act where given, before entry $5; at most $6.
SELECT id, extract(epoch FROM at)::double precision AS at_s, who, via, act, subject, told, outcome, detail
FROM audit
WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR who = $3) AND ($4::text IS NULL OR act = $4)
  AND ($5::bigint IS NULL OR id < $5)
ORDER BY id DESC LIMIT $6;

-- access.claim
-- The first to come with a key does it; nothing comes back for the others.
INSERT INTO api_answer (owner, key, digest) VALUES ($1, $2, $3) ON CONFLICT (owner, key) DO NOTHING RETURNING asked;

-- access.answer
-- What was answered to that key.
SELECT digest, status, body FROM api_answer WHERE owner = $1 AND key = $2;

-- access.keep_answer
-- For who asks again.
UPDATE api_answer SET status = $3, body = $4 WHERE owner = $1 AND key = $2;

-- access.drop_claim
-- Nothing was done: the key may be used again.
DELETE FROM api_answer WHERE owner = $1 AND key = $2 AND status IS NULL;

-- access.forget_answers
-- Older than $1.
DELETE FROM api_answer WHERE asked < $1;
