-- directory.agents
-- Everybody who works here, or the one asked for, with skills as a JSON object.
SELECT agent.id, agent.name, agent.number, agent.language, agent.capacity::text AS capacity,
       agent.team, agent.supervises::text AS supervises, agent.phone::text AS phone,
       coalesce((SELECT jsonb_object_agg(skill, level) FROM agent_skill WHERE agent_skill.agent = agent.id), '{}')::text AS skills
FROM agent
WHERE removed_at IS NULL AND ($1::text IS NULL OR agent.id = $1)
ORDER BY agent.id;

-- directory.insert
-- A new agent, or one who comes back. Nothing is returned if she works here already.
INSERT INTO agent (id, name, number, language, capacity, team, supervises, phone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, number = excluded.number, language = excluded.language, capacity = excluded.capacity,
    team = excluded.team, supervises = excluded.supervises, phone = excluded.phone, added_at = now(), removed_at = NULL
WHERE agent.removed_at IS NOT NULL
RETURNING id;

-- directory.update
-- Change who works here.
UPDATE agent SET name = $2, number = $3, language = $4, capacity = $5, team = $6, supervises = $7, phone = $8
WHERE id = $1 AND removed_at IS NULL RETURNING id;

-- directory.remove
-- She no longer works here; her name stays for old reports.
UPDATE agent SET removed_at = now() WHERE id = $1 AND removed_at IS NULL RETURNING id;

-- directory.lock
-- The agent's row, so that two changes of her skills come one after the other.
SELECT id FROM agent WHERE id = $1 AND removed_at IS NULL FOR UPDATE;

-- directory.clear_skills
-- Before new ones are written, in one transaction.
DELETE FROM agent_skill WHERE agent = $1;

-- directory.add_skills
-- Skills and levels side by side.
INSERT INTO agent_skill (agent, skill, level) SELECT $1, skill, level FROM unnest($2::text[], $3::int[]) AS given (skill, level);

-- directory.accounts
-- The SIP accounts of all who work here, or of the one asked for.
SELECT agent.id, agent.name, agent.number, phone_account.secret
FROM agent JOIN phone_account ON phone_account.agent = agent.id
WHERE removed_at IS NULL AND ($1::text IS NULL OR agent.id = $1)
ORDER BY agent.id;

-- directory.set_secret
-- A new SIP password.
INSERT INTO phone_account (agent, secret) VALUES ($1, $2) ON CONFLICT (agent) DO UPDATE SET secret = excluded.secret;

-- directory.forget_secret
-- Whoever is removed has no account any more.
DELETE FROM phone_account WHERE agent = $1;
