-- name: new_outcomes
-- The decisions of the outcomes that follow a cursor, in order.
SELECT number, decision_id FROM outcomes WHERE number > $1 ORDER BY number LIMIT $2;

-- name: outcomes_behind
-- How many outcomes follow a cursor, up to a limit.
SELECT count(*) FROM (SELECT 1 FROM outcomes WHERE number > $1 LIMIT $2) AS following;

-- name: signs
-- All outcomes of some decisions that say something of quality.
SELECT event_id, decision_id, attempt, agent_id, signal, label, weight, source, outcome, seen_at,
    decided_at
FROM outcomes
WHERE decision_id = ANY ($1::text[]) AND label IS NOT NULL AND weight > 0;

-- name: span
-- When some decisions were made, at the earliest and at the latest.
SELECT min(decided_at) AS first, max(decided_at) AS last FROM outcomes WHERE decision_id = ANY ($1::text[]);

-- name: attempts
-- The attempts of some requests that started within a time.
SELECT request_id, attempt, started_at, agent_id, provider, model, kind, task_type, session_key, features
FROM gateway_request_log
WHERE request_id = ANY ($1::text[]) AND started_at BETWEEN $2 AND $3;

-- name: tasks_named
-- Some tasks, by id.
SELECT id, agent_id, assigned_model, domain, "timestamp" FROM task_executions WHERE id = ANY ($1::uuid[]);

-- name: tasks_changed
-- Tasks that were changed after a time and whose end was told, oldest change first.
SELECT id, agent_id, assigned_model, success, quality_score, tests_passed, tests_failed, revision_needed,
    stakeholder_satisfaction, request_ids, outcome_at, changed_at, "timestamp"
FROM task_executions
WHERE changed_at > $1 AND outcome_at IS NOT NULL
ORDER BY changed_at
LIMIT $2;

-- name: conversations
-- The contributions of some conversations.
SELECT decision_id FROM learning_contributions WHERE conversation = ANY ($1::text[]);

-- name: contributions
-- The contributions of some decisions.
SELECT {columns} FROM learning_contributions WHERE decision_id = ANY ($1::text[]);

-- name: of_other_geometry
-- Contributions that were made in another geometry.
SELECT {columns} FROM learning_contributions WHERE geometry <> $1 LIMIT $2;

-- name: put_contributions
-- Writes contributions, over those of before.
INSERT INTO learning_contributions ({columns})
SELECT * FROM unnest(
    $1::text[], $2::integer[], $3::timestamptz[], $4::date[], $5::text[], $6::text[], $7::text[],
    $8::double precision[], $9::double precision[], $10::double precision[], $11::integer[], $12::text[],
    $13::bytea[]
)
ON CONFLICT (decision_id, attempt) DO UPDATE SET
    at = excluded.at, day = excluded.day, agent_id = excluded.agent_id, model = excluded.model,
    slice = excluded.slice, reward = excluded.reward, own_weight = excluded.own_weight,
    weight = excluded.weight, geometry = excluded.geometry, conversation = excluded.conversation,
    vector = excluded.vector;

-- name: drop_contributions
-- Removes contributions.
DELETE FROM learning_contributions AS old USING unnest($1::text[], $2::integer[]) AS gone (decision_id, attempt)
WHERE old.decision_id = gone.decision_id AND old.attempt = gone.attempt;

-- name: model_sums
-- The sums of some models on some days.
SELECT day, model, sums FROM learning_model_sums
WHERE geometry = $1 AND (day, model) IN (SELECT * FROM unnest($2::date[], $3::text[]));

-- name: cell_sums
-- The sums of some cells on some days.
SELECT day, agent_id, model, slice, sums FROM learning_cell_sums
WHERE geometry = $1
    AND (day, agent_id, model, slice) IN (SELECT * FROM unnest($2::date[], $3::text[], $4::text[], $5::text[]));

-- name: put_model_sums
-- Writes the sums of models.
INSERT INTO learning_model_sums (geometry, day, model, sums)
SELECT $1, * FROM unnest($2::date[], $3::text[], $4::bytea[])
ON CONFLICT (day, geometry, model) DO UPDATE SET sums = excluded.sums;

-- name: put_cell_sums
-- Writes the sums of cells.
INSERT INTO learning_cell_sums (geometry, day, agent_id, model, slice, sums)
SELECT $1, * FROM unnest($2::date[], $3::text[], $4::text[], $5::text[], $6::bytea[])
ON CONFLICT (day, geometry, agent_id, model, slice) DO UPDATE SET sums = excluded.sums;

-- name: all_model_sums
-- The sums of all models from a day on.
SELECT day, model, sums FROM learning_model_sums WHERE geometry = $1 AND day >= $2 ORDER BY day;

-- name: all_cell_sums
-- The sums of all cells from a day on.
SELECT day, agent_id, model, slice, sums FROM learning_cell_sums WHERE geometry = $1 AND day >= $2
ORDER BY day;

-- name: forget_geometry
-- Drops the sums of all geometries but one.
WITH gone AS (DELETE FROM learning_model_sums WHERE geometry <> $1)
DELETE FROM learning_cell_sums WHERE geometry <> $1;

-- name: geometry
-- The geometry in use.
SELECT version, body, vectors FROM learning_geometries ORDER BY version DESC LIMIT 1;

-- name: put_geometry
-- Brings a geometry into use.
INSERT INTO learning_geometries (version, body, vectors, made_at) VALUES ($1, $2, $3, $4);

-- name: some_vectors
-- Vectors of tasks, of the newest days.
SELECT vector FROM learning_contributions WHERE octet_length(vector) = $1
ORDER BY day DESC, decision_id LIMIT $2;

-- name: count_vectors
-- How many contributions have a vector of some size, up to a limit.
SELECT count(*) FROM (
    SELECT 1 FROM learning_contributions WHERE octet_length(vector) = $1 LIMIT $2
) AS sized;

-- name: cursor
-- How far a source has been read.
SELECT number, at FROM learning_cursors WHERE name = $1;

-- name: put_cursor
-- Moves a cursor.
INSERT INTO learning_cursors (name, number, at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET number = excluded.number, at = excluded.at;

-- name: wait_for
-- Notes decisions whose requests are not in the log yet.
INSERT INTO learning_waiting (decision_id, since) SELECT id, $2 FROM unnest($1::text[]) AS ids (id)
ON CONFLICT DO NOTHING;

-- name: waiting
-- The decisions that are waited for.
SELECT decision_id FROM learning_waiting ORDER BY since LIMIT $1;

-- name: found
-- Those are not waited for any more, nor any that were noted before a time.
DELETE FROM learning_waiting WHERE decision_id = ANY ($1::text[]) OR since < $2;

-- name: last_seen
-- When agents made their last request.
SELECT id, last_seen FROM agents WHERE id = ANY ($1::text[]);

-- name: measure_performance
-- Counts a day of the log anew: attempts that ended, whose outcome is not told to be bad.
INSERT INTO agent_performance (day, agent_id, target, requests, successes, latency_ms_sum)
SELECT $1::date, agent_id, provider || '/' || model, count(*),
    count(*) FILTER (
        WHERE finish_state = 'completed' AND coalesce(outcome, '') NOT IN ('error', 'timeout', 'user_rejected')
    ),
    coalesce(sum(latency_ms) FILTER (WHERE finish_state = 'completed'), 0)
FROM gateway_request_log
WHERE started_at >= $2 AND started_at < $3 AND model <> '' AND kind NOT IN ('retry', 'shadow')
    AND agent_id <> $4
    AND finish_state IN ('completed', 'failed', 'truncated')
GROUP BY agent_id, provider, model
ON CONFLICT (day, agent_id, target) DO UPDATE SET
    requests = excluded.requests, successes = excluded.successes, latency_ms_sum = excluded.latency_ms_sum;

-- name: requests_measured
-- How many requests there were from a day on.
SELECT coalesce(sum(requests), 0)::bigint FROM agent_performance WHERE day >= $1;

-- name: performance
-- How targets did for agents from a day on.
SELECT agent_id, target, sum(requests)::bigint AS requests, sum(successes)::bigint AS successes,
    sum(latency_ms_sum) AS latency_ms_sum
FROM agent_performance WHERE day >= $1
GROUP BY agent_id, target;

-- name: refresh_models
-- Counts the tasks anew.
REFRESH MATERIALIZED VIEW model_performance;

-- name: task_performance
-- What models made of each type of task lately.
SELECT priority || '_' || domain || '_' || complexity AS task_type, assigned_model, total_tasks,
    recent_success_rate AS success_rate, coalesce(recent_quality_score, recent_success_rate * 10) AS quality,
    recent_value_per_dollar AS value_per_dollar
FROM model_performance
WHERE priority IS NOT NULL AND domain IS NOT NULL AND complexity IS NOT NULL;

-- name: recent_labelled
-- Labelled decisions of the newest, with the features they were made from. From each contribution, the newest
-- first, to its row of the log, until there are enough: the log is far too long to be read whole.
SELECT log.provider, log.features, log.policy_version,
    made.agent_id, made.model, made.slice, made.at, made.reward, made.weight
FROM (
    SELECT decision_id, day, at, agent_id, model, slice, reward, weight
    FROM learning_contributions
    WHERE day >= $1 AND attempt = 0 AND agent_id <> $3
    ORDER BY day DESC, at DESC
) AS made
CROSS JOIN LATERAL (
    SELECT provider, features, policy_version
    FROM gateway_request_log
    WHERE request_id = made.decision_id AND attempt = 0 AND started_at = made.at
        AND features IS NOT NULL AND kind <> 'shadow'
    OFFSET 0
) AS log
ORDER BY made.day DESC, made.at DESC
LIMIT $2;

-- name: forget_before
-- Drops contributions before one day, and sums and performance before another.
WITH a AS (DELETE FROM learning_contributions WHERE day < $1),
    b AS (DELETE FROM learning_model_sums WHERE day < $2),
    c AS (DELETE FROM learning_cell_sums WHERE day < $2)
DELETE FROM agent_performance WHERE day < $2;
