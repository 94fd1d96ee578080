-- name: patience
-- Lets an agent with a long history be erased in one go.
SET LOCAL statement_timeout = 0;

-- name: tables
-- The tables whose rows belong to an agent, partitions by their whole.
SELECT class.relname::text AS name
FROM pg_class AS class
JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
WHERE class.relkind IN ('r', 'p') AND NOT class.relispartition
    AND class.relnamespace = current_schema()::regnamespace
    AND attribute.attname = 'agent_id' AND NOT attribute.attisdropped
ORDER BY class.relname;

-- name: keep_volume
-- Adds what an agent used to that of all who were forgotten, so that sums over all agents stay true.
INSERT INTO agent_volume AS known
    (agent_id, tier, day, requests, retries, side_requests, tokens_in, tokens_out, cost_usd_micros)
SELECT $2, tier, day, requests, retries, side_requests, tokens_in, tokens_out, cost_usd_micros
FROM agent_volume
WHERE agent_id = $1
ON CONFLICT (agent_id, tier, day) DO UPDATE SET
    requests = known.requests + excluded.requests,
    retries = known.retries + excluded.retries,
    side_requests = known.side_requests + excluded.side_requests,
    tokens_in = known.tokens_in + excluded.tokens_in,
    tokens_out = known.tokens_out + excluded.tokens_out,
    cost_usd_micros = known.cost_usd_micros + excluded.cost_usd_micros;

-- name: erase
-- Deletes an agent's rows of one table; its name is filled in by store/forget.py.
DELETE FROM {table} WHERE agent_id = $1;

-- name: erase_tasks
-- Deletes the tasks an agent did for others.
DELETE FROM task_executions WHERE agent_used = $1;

-- name: erase_reports
-- Deletes what an agent told and could not be taken.
DELETE FROM refused_reports WHERE report ->> 'agent_id' = $1;

-- name: erase_embedding
-- Deletes the embedding of an agent's specification.
DELETE FROM agent_embeddings WHERE agent_name = $1;

-- name: erase_tier
-- Deletes an agent's tier.
DELETE FROM model_tiers WHERE agent_name = $1;

-- name: erase_name
-- Deletes an agent's entry: its name, its profile, when it was seen.
DELETE FROM agents WHERE id = $1;

-- name: keys
-- The keys that still open the gateway and name an agent.
SELECT id FROM api_keys
WHERE revoked_at IS NULL AND (agent = $1 OR $1 = ANY (allowed_agents))
ORDER BY id;
