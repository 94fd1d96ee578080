-- name: lock
-- Lets one process migrate at a time; freed at the end of the transaction.
SELECT pg_advisory_xact_lock(7305808869231650);

-- name: create_history
-- What has been applied.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL
);

-- name: has_history
-- Whether this database has ever been migrated.
SELECT to_regclass('schema_migrations') IS NOT NULL;

-- name: applied
-- The history in order.
SELECT name, checksum FROM schema_migrations ORDER BY name;

-- name: record
-- Writes down one applied migration.
INSERT INTO schema_migrations (name, checksum, applied_at) VALUES ($1, $2, $3);

-- name: has_vector
-- Whether pgvector is there.
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector');

-- name: create_vector
-- Installs pgvector into this database.
CREATE EXTENSION IF NOT EXISTS vector;

-- name: whoami
-- The role and the database, for messages.
SELECT current_user::text AS role, current_database()::text AS database;
