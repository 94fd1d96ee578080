-- name: take_turns
-- Writers one after the other until they commit, so that numbers become visible in order.
SELECT pg_advisory_xact_lock(hashtextextended('pointsman.outcomes', 0));

-- name: add
-- Writes the outcomes that are new.
INSERT INTO outcomes ({columns})
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::double precision[],
    $8::double precision[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[]
)
ON CONFLICT (event_id) DO NOTHING;

-- name: of_decision
-- All outcomes of one decision, in the order in which they were seen.
SELECT {columns}
FROM outcomes
WHERE decision_id = $1
ORDER BY seen_at, number;

-- name: of_agent
-- An agent's outcomes since a time, newest first.
SELECT {columns}
FROM outcomes
WHERE agent_id = $1 AND seen_at >= $2
ORDER BY seen_at DESC, number DESC
LIMIT $3;

-- name: after
-- Outcomes with a number above the cursor, in order.
SELECT number, {columns}
FROM outcomes
WHERE number > $1
ORDER BY number
LIMIT $2;

-- name: deciders
-- The attempts of an agent, since a time, that issued any of these tool calls.
SELECT DISTINCT ON (call.id)
    call.id AS call_id, request_id, attempt, provider, model, started_at
FROM gateway_request_log, unnest(tool_call_ids) AS call (id)
WHERE agent_id = $1 AND started_at >= $2 AND tool_call_ids && $3::text[] AND call.id = ANY ($3)
ORDER BY call.id, started_at DESC;

-- name: forget
-- Drops what was seen before a time.
DELETE FROM outcomes WHERE seen_at < $1;
