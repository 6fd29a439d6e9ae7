-- do_not_call.begin
-- A version of a register that is being loaded; nobody looks at it before it is whole.
INSERT INTO do_not_call_list (register, version, as_of) VALUES ($1, $2, $3) RETURNING id;

-- do_not_call.own
-- The one list of a register that is kept here and grows: internal, or a campaign's.
INSERT INTO do_not_call_list (register, version, as_of, live) VALUES ($1, 'own', now(), true)
ON CONFLICT (register, version) DO UPDATE SET as_of = now() RETURNING id;

-- do_not_call.replace
-- The versions before are history.
UPDATE do_not_call_list SET live = false WHERE register = $1 AND live;

-- do_not_call.put_live
-- From now on this version is looked at.
UPDATE do_not_call_list SET live = true, entries = $2 WHERE id = $1;

-- do_not_call.forget_old
-- Entries of versions that nobody looks at any more; the versions themselves stay, for receipts that name them.
DELETE FROM do_not_call_entry WHERE list IN (SELECT id FROM do_not_call_list WHERE register = $1 AND NOT live);

-- do_not_call.add
-- Somebody will not be called; who is listed already keeps the older date.
INSERT INTO do_not_call_entry (entry, list, prefix, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT (entry, list) DO NOTHING;

-- do_not_call.count
-- How many there are in a list.
UPDATE do_not_call_list SET entries = (SELECT count(*) FROM do_not_call_entry WHERE list = $1) WHERE id = $1;

-- do_not_call.remove
-- Somebody may be called again.
DELETE FROM do_not_call_entry
WHERE entry = $1 AND list IN (SELECT id FROM do_not_call_list WHERE register = $2 AND live) RETURNING entry;

-- do_not_call.registers
-- Every list, with the versions that were.
SELECT register, version, extract(epoch FROM as_of)::double precision AS as_of,
       extract(epoch FROM imported)::double precision AS imported, entries, live
FROM do_not_call_list ORDER BY register, imported DESC;

-- do_not_call.agree
-- Somebody agreed to be called.
INSERT INTO consent (number, kind, given, proof) VALUES ($1, $2, $3, $4);

-- do_not_call.revoke
-- She takes it back, all of it.
UPDATE consent SET revoked = $2 WHERE number = $1 AND revoked IS NULL RETURNING id;

-- do_not_call.refuse_leads
-- Leads that have no other number and are on nobody's line are not called any more; a dialler that has one asks the law.
UPDATE lead SET state = 'refused', next_at = NULL
WHERE state IN ('ready', 'waiting') AND id IN (SELECT lead FROM lead_number WHERE number = $1)
  AND NOT EXISTS (SELECT FROM lead_number other WHERE other.lead = lead.id AND other.number <> $1 AND NOT other.dead);
