-- recording.unchecked
-- Recordings that are over and that nobody has looked at: the process ended before it came to them. Oldest first.
SELECT id, contact, coalesce(expected_s, 0) AS expected_s, extract(epoch FROM stopped)::double precision AS stopped_s
FROM recording
WHERE stopped IS NOT NULL AND problem IS NULL
ORDER BY stopped, id
LIMIT $1;

-- recording.dropped_among
-- Of these, those whose customer did not want them: over, looked at, and of no length.
SELECT id FROM recording WHERE id = ANY ($1::text[]) AND checked IS NOT NULL AND path = '' AND expected_s = 0;
