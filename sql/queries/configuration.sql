-- configuration.keep_file
-- A text that no version has had yet.
INSERT INTO configuration_file (sha256, text) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- configuration.texts
-- The texts of files.
SELECT sha256, text FROM configuration_file WHERE sha256 = ANY ($1::text[]);

-- configuration.add
-- The next version, with its number. One center writes, so nobody takes the number meanwhile.
INSERT INTO configuration (version, made_by, message, origin, back_to, digest, folder_digest, files)
SELECT coalesce(max(version), 0) + 1, $1, $2, $3, $4, $5, $6, $7::jsonb FROM configuration
RETURNING version;

-- configuration.refuse
-- It did not come into force, and why.
UPDATE configuration SET refused = $2 WHERE version = $1;

-- configuration.get
-- One version, with its files.
SELECT version, extract(epoch FROM made_at)::double precision AS at, made_by, message, origin, back_to, digest, folder_digest,
       refused, files::text AS files
FROM configuration WHERE version = $1;

-- configuration.latest
-- The newest that was in force, with its files.
SELECT version, extract(epoch FROM made_at)::double precision AS at, made_by, message, origin, back_to, digest, folder_digest,
       refused, files::text AS files
FROM configuration WHERE refused IS NULL ORDER BY version DESC LIMIT 1;

-- configuration.first
-- The oldest, with its files: the nearest there is to what was live before there were versions.
SELECT version, extract(epoch FROM made_at)::double precision AS at, made_by, message, origin, back_to, digest, folder_digest,
       refused, files::text AS files
FROM configuration WHERE refused IS NULL ORDER BY version LIMIT 1;

-- configuration.before
-- What a rollback goes back to: the newest before version $1 that was in force and is not the same as $2 (a digest).
SELECT version FROM configuration WHERE version < $1 AND refused IS NULL AND digest <> $2 ORDER BY version DESC LIMIT 1;

-- configuration.list
-- All of them, newest first, at most $1, without their files.
SELECT version, extract(epoch FROM made_at)::double precision AS at, made_by, message, origin, back_to, digest, folder_digest,
       refused, NULL::text AS files
FROM configuration ORDER BY version DESC LIMIT $1;
