-- callback_dials.place
-- Who has this number (0: nobody), and where she is by what the lists of leads say of her: all zones, and her part of
-- the country if they agree.
SELECT coalesce(string_agg(DISTINCT lead.zones, ' '), '') AS zones,
       CASE WHEN count(DISTINCT lead.part) FILTER (WHERE lead.part <> '') = 1 THEN max(lead.part) ELSE '' END AS part,
       coalesce(min(lead.id), 0) AS lead
FROM lead JOIN lead_number ON lead_number.lead = lead.id WHERE lead_number.number = $1;

-- callback_dials.write
-- The attempt, before anything is dialled.
INSERT INTO callback_dial (id, contact, queue, number, caller_id, began) VALUES ($1, $2, $3, $4, $5, $6);

-- callback_dials.settle
-- What came of it, once; none: it was never written, or is settled.
UPDATE callback_dial SET outcome = $2, ended = $3, answered = $4
WHERE id = $1 AND outcome IS NULL RETURNING number, queue;

-- callback_dials.lost
-- Attempts whose outcome nobody told, long after the phone must have stopped ringing.
SELECT id FROM callback_dial WHERE outcome IS NULL AND began < $1 ORDER BY began, id LIMIT 100;
