-- name: register
-- Makes sure that an agent is known.
INSERT INTO agents AS known (id, source, first_seen, last_seen)
VALUES ($1, $2, $3, $3)
ON CONFLICT (id) DO NOTHING;

-- name: put_profile
-- Sets the operator's changes to an agent's profile and its name for people; makes the agent if need be.
INSERT INTO agents AS known (id, source, first_seen, last_seen, profile, display)
VALUES ($1, 'profile', $2, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET profile = excluded.profile, display = excluded.display;

-- name: listing
-- All agents, by id.
SELECT id, source, first_seen, last_seen, profile, display FROM agents ORDER BY id;

-- name: volumes
-- What each agent used of each tier from one day to another, both included.
SELECT
    agent_id,
    tier,
    sum(requests)::bigint AS requests,
    sum(retries)::bigint AS retries,
    sum(side_requests)::bigint AS side_requests,
    sum(tokens_in)::bigint AS tokens_in,
    sum(tokens_out)::bigint AS tokens_out,
    sum(cost_usd_micros)::bigint AS cost_usd_micros
FROM agent_volume
WHERE day BETWEEN $1 AND $2
GROUP BY agent_id, tier
ORDER BY agent_id, tier;
