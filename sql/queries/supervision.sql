-- supervision.heard
-- Who heard which talk as what in [$1, $2), narrowed to a supervisor or an agent where given; at most $5.
SELECT supervisor, agent, contact, state, seconds, extract(epoch FROM began)::double precision AS began
FROM monitoring
WHERE began >= $1 AND began < $2 AND ($3::text IS NULL OR supervisor = $3) AND ($4::text IS NULL OR agent = $4)
ORDER BY monitoring.began, seq, n LIMIT $5;

-- supervision.steered
-- Who meddled with waiting calls in [$1, $2), narrowed to a supervisor (by her id, or by her token) where given; at most $4.
SELECT contact, queue, what, by, extract(epoch FROM steered)::double precision AS at
FROM steering WHERE steered >= $1 AND steered < $2 AND ($3::text IS NULL OR by IN ($3, 'agent:' || $3))
ORDER BY steered, seq, n LIMIT $4;
