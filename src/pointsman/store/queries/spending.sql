-- name: agents
-- What a day has cost by agent.
SELECT agent_id AS name, sum(cost_usd_micros)::bigint AS usd_micros
FROM agent_volume
WHERE day = $1 AND tier <> $2
GROUP BY agent_id;

-- name: shadows
-- What a day's shadows have cost by agent.
SELECT agent_id AS name, cost_usd_micros AS usd_micros FROM agent_volume WHERE day = $1 AND tier = $2;

-- name: keys
-- What a day has cost by key.
SELECT key_id AS name, cost_usd_micros AS usd_micros FROM key_volume WHERE day = $1;
