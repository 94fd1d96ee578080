-- name: relaxed
-- Commits without waiting for the disk: a crash of the server takes rows and offset back together, and
-- the journal still has them.
SET LOCAL synchronous_commit = off;

-- name: strict
-- Waits for the disk, also for all that was committed before: needed before a segment is removed.
SET LOCAL synchronous_commit = on;

-- name: introduce
-- Makes sure that a journal has its offset.
INSERT INTO journal_offsets (journal_id, worker, segment, byte_offset, updated_at)
VALUES ($1, $2, 0, 0, $3)
ON CONFLICT (journal_id) DO NOTHING;

-- name: position
-- How far a journal has been loaded.
SELECT segment, byte_offset FROM journal_offsets WHERE journal_id = $1;

-- name: claim
-- The same, keeping other loaders off until the end of the transaction.
SELECT segment, byte_offset FROM journal_offsets WHERE journal_id = $1 FOR UPDATE;

-- name: advance
-- Moves the offset.
UPDATE journal_offsets SET segment = $2, byte_offset = $3, updated_at = $4 WHERE journal_id = $1;

-- name: forget
-- Drops the offset of a journal that is gone.
DELETE FROM journal_offsets WHERE journal_id = $1;

-- name: stage
-- A place for rows some of which are in the log already.
CREATE TEMP TABLE staged_log (LIKE gateway_request_log) ON COMMIT DROP;

-- name: unstage
-- Takes over the staged rows that are new, and says which.
INSERT INTO gateway_request_log
SELECT * FROM staged_log
ON CONFLICT DO NOTHING
RETURNING started_at, request_id, attempt;

-- name: add_agents
-- Notes when agents were seen: ids, sources, first and last times.
INSERT INTO agents AS known (id, source, first_seen, last_seen)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
ON CONFLICT (id) DO UPDATE SET
    source = CASE WHEN excluded.last_seen >= known.last_seen THEN excluded.source ELSE known.source END,
    first_seen = least(known.first_seen, excluded.first_seen),
    last_seen = greatest(known.last_seen, excluded.last_seen);

-- name: add_volumes
-- Adds to the sums by agent, tier and day.
INSERT INTO agent_volume AS known
    (agent_id, tier, day, requests, retries, side_requests, tokens_in, tokens_out, cost_usd_micros)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[]
)
ON CONFLICT (agent_id, tier, day) DO UPDATE SET
    requests = known.requests + excluded.requests,
    retries = known.retries + excluded.retries,
    side_requests = known.side_requests + excluded.side_requests,
    tokens_in = known.tokens_in + excluded.tokens_in,
    tokens_out = known.tokens_out + excluded.tokens_out,
    cost_usd_micros = known.cost_usd_micros + excluded.cost_usd_micros;

-- name: add_keys
-- Adds to the sums by key and day.
INSERT INTO key_volume AS known (key_id, day, requests, cost_usd_micros)
SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[], $4::bigint[])
ON CONFLICT (key_id, day) DO UPDATE SET
    requests = known.requests + excluded.requests,
    cost_usd_micros = known.cost_usd_micros + excluded.cost_usd_micros;
