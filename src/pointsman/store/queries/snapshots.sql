-- name: lock
-- Lets one process publish at a time; freed at the end of the transaction.
SELECT pg_advisory_xact_lock(7305808869231652);

-- name: publish
-- Adds a snapshot under the next version, and returns that.
INSERT INTO policy_snapshots (version, created_at, body, reason)
SELECT coalesce(max(version), 0) + 1, $1, $2, $3 FROM policy_snapshots
RETURNING version;

-- name: notify
-- Tells all gateways, when this transaction commits.
SELECT pg_notify($1, $2);

-- name: latest
-- The snapshot published last.
SELECT version, created_at, body, reason FROM policy_snapshots ORDER BY version DESC LIMIT 1;

-- name: latest_version
-- The version of the snapshot published last.
SELECT max(version) FROM policy_snapshots;

-- name: get
-- One snapshot.
SELECT version, created_at, body, reason FROM policy_snapshots WHERE version = $1;

-- name: listing
-- The latest snapshots without their bodies, newest first.
SELECT version, created_at, octet_length(body)::bigint AS body_bytes, reason
FROM policy_snapshots
ORDER BY version DESC
LIMIT $1;
