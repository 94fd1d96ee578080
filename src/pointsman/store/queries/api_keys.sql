-- name: create
-- Adds a key.
INSERT INTO api_keys
    (id, name, digest, hint, agent, allowed_agents, allowed_models, daily_budget_usd_micros, created_at,
     revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: listing
-- All keys, revoked ones too, oldest first.
SELECT * FROM api_keys ORDER BY created_at, id;

-- name: revoke
-- Ends a key, unless it has ended already, and returns it.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING *;

-- name: notify
-- Tells all gateways, when this transaction commits.
SELECT pg_notify($1, '');
