-- dispositions.sums
-- What was recorded, by queue, agent and outcome: of each talk the latest, where the first was recorded.
WITH first AS (
    SELECT contact, agent, min(recorded) AS recorded, count(*) AS times
    FROM disposition GROUP BY contact, agent
    HAVING min(recorded) >= $1 AND min(recorded) < $2
), whole AS (
    SELECT now.queue, now.agent, now.code, now.label, first.times, now.callback
    FROM first JOIN disposition_now now USING (contact, agent)
    WHERE ($3::text IS NULL OR now.queue = $3) AND ($4::text IS NULL OR now.agent = $4)
)
SELECT queue, agent, code, max(label) AS label, count(*) AS talks,
       count(*) FILTER (WHERE times > 1) AS changed, count(callback) AS callbacks,
       count(*)::double precision / sum(count(*)) OVER (PARTITION BY queue, agent) AS share
FROM whole GROUP BY queue, agent, code
ORDER BY queue, agent, talks DESC, code;

-- dispositions.missing
-- Talks that ended without what their queue requires, and of which nothing was recorded since.
SELECT due.contact AS call, due.queue, due.agent, due.tree, contact.caller,
       extract(epoch FROM due.talk_ended)::double precision AS talk_ended
FROM disposition_due due
LEFT JOIN contact ON contact.id = due.contact
WHERE due.talk_ended >= $1 AND due.talk_ended < $2
  AND ($3::text IS NULL OR due.queue = $3) AND ($4::text IS NULL OR due.agent = $4)
  AND NOT EXISTS (
      SELECT FROM disposition done
      WHERE done.contact = due.contact AND done.agent = due.agent AND (done.seq, done.n) > (due.seq, due.n)
  )
ORDER BY due.talk_ended, due.seq, due.n LIMIT $5;
