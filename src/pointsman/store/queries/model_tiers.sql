-- name: listing
-- All tiers, by agent.
SELECT agent_name, default_model, updated_at, notes FROM model_tiers ORDER BY agent_name;

-- name: put
-- Sets an agent's tier; its notes stay when none are given. Names that differ in case alone are one agent's.
INSERT INTO model_tiers AS known (agent_name, default_model, updated_at, notes)
VALUES (
    coalesce((SELECT agent_name FROM model_tiers WHERE upper(agent_name) = upper($1) LIMIT 1), $1),
    $2, $3, $4
)
ON CONFLICT (agent_name) DO UPDATE SET
    default_model = excluded.default_model,
    updated_at = excluded.updated_at,
    notes = coalesce(excluded.notes, known.notes)
RETURNING agent_name, default_model, updated_at, notes;

-- name: remove
-- Drops an agent's tier and returns it.
DELETE FROM model_tiers WHERE upper(agent_name) = upper($1)
RETURNING agent_name, default_model, updated_at, notes;
