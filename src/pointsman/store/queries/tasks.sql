-- name: add
-- Begins a task. The columns and their values are filled in by store/tasks.py.
INSERT INTO task_executions ({columns}) VALUES ({places})
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: digest
-- What was said of a task when it began.
SELECT digest FROM task_executions WHERE id = $1;

-- name: told
-- What is known of a task, kept for this transaction.
SELECT {columns} FROM task_executions WHERE id = $1 FOR UPDATE;

-- name: get
-- One task.
SELECT {columns} FROM task_executions WHERE id = $1;

-- name: tell
-- Notes what became of a task. The assignments are filled in by store/tasks.py.
UPDATE task_executions SET {assignments} WHERE id = $1;

-- name: used
-- What the log knows of a task's requests: tokens, micro-USD, and the model that wrote most.
SELECT
    sum(tokens_in)::bigint AS tokens_in,
    sum(tokens_out)::bigint AS tokens_out,
    sum(cost_usd_micros)::bigint AS cost_usd_micros,
    count(DISTINCT request_id) AS requests,
    (array_agg(model ORDER BY tokens_out DESC, model) FILTER (WHERE model <> ''))[1] AS model
FROM gateway_request_log
WHERE request_id = ANY ($1::text[]) AND agent_id = $2;

-- name: unmeasured
-- Tasks that have ended and named their requests, but not what they used, ended since a time.
SELECT id, agent_id, request_ids
FROM task_executions
WHERE outcome_at >= $1 AND cardinality(request_ids) > 0
  AND (actual_cost IS NULL OR actual_input_tokens IS NULL OR actual_output_tokens IS NULL
       OR assigned_model IS NULL)
ORDER BY outcome_at
LIMIT $2;

-- name: measure
-- Fills in what a task used, where nobody said so.
UPDATE task_executions
SET actual_input_tokens = coalesce(actual_input_tokens, $2),
    actual_output_tokens = coalesce(actual_output_tokens, $3),
    actual_cost = coalesce(actual_cost, $4),
    assigned_model = coalesce(assigned_model, $5)
WHERE id = $1;
