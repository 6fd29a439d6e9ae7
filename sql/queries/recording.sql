-- recording.unchecked
-- Recordings that are over and that nobody has looked at: the process ended before it came to them. Oldest first.
SELECT id, contact, coalesce(expected_s, 0) AS expected_s, extract(epoch FROM stopped)::double precision AS stopped_s
FROM recording
WHERE stopped IS NOT NULL AND problem IS NULL
ORDER BY stopped, id
LIMIT $1;
