-- name: not_embedded
-- Tasks that have a text and no embedding, oldest first, kept from other workers until the end of the
-- transaction. Tasks of the agents named in the second parameter are left alone.
SELECT id, agent_id, task_title, task_description, priority, domain, complexity
FROM task_executions
WHERE task_embedding IS NULL AND (task_description <> '' OR task_title <> '') AND agent_id <> ALL ($2)
ORDER BY "timestamp"
LIMIT $1
FOR UPDATE SKIP LOCKED;

-- name: embedded_by_others
-- The same for tasks that have an embedding of another embedder than the third parameter.
SELECT id, agent_id, task_title, task_description, priority, domain, complexity
FROM task_executions
WHERE embedder <> $3 AND (task_description <> '' OR task_title <> '') AND agent_id <> ALL ($2)
LIMIT $1
FOR UPDATE SKIP LOCKED;

-- name: note
-- Gives a task its embedding, and the labels that nobody told.
UPDATE task_executions
SET task_embedding = $2::real[]::halfvec,
    embedder = $3,
    priority = coalesce(priority, nullif($4, '')),
    domain = coalesce(domain, nullif($5, '')),
    complexity = coalesce(complexity, nullif($6, ''))
WHERE id = $1;

-- name: embedded_agents
-- Whose tasks have embeddings.
SELECT DISTINCT agent_id FROM task_executions WHERE task_embedding IS NOT NULL;

-- name: drop_embeddings
-- Erases the embeddings of some agents' tasks.
UPDATE task_executions SET task_embedding = NULL, embedder = NULL
WHERE agent_id = ANY ($1) AND task_embedding IS NOT NULL;

-- name: create_index
-- Makes the index for embeddings of a number of dimensions, which is filled in.
CREATE INDEX IF NOT EXISTS task_executions_embedding_{dimensions} ON task_executions
USING hnsw ((task_embedding::halfvec({dimensions})) halfvec_ip_ops)
WHERE vector_dims(task_embedding) = {dimensions};

-- name: look_wider
-- Lets the index look on until enough rows have passed the filters, within this transaction.
SELECT
    set_config('hnsw.ef_search', '100', true),
    set_config('hnsw.iterative_scan', 'relaxed_order', true);

-- name: similar
-- The finished tasks nearest to an embedding; the number of dimensions is filled in.
SELECT
    {columns},
    least(1.0, -(task_embedding::halfvec({dimensions}) <#> $1::real[]::halfvec({dimensions}))) AS similarity
FROM task_executions
WHERE vector_dims(task_embedding) = {dimensions} AND embedder = $2 AND success IS NOT NULL
    AND assigned_model IS NOT NULL
ORDER BY task_embedding::halfvec({dimensions}) <#> $1::real[]::halfvec({dimensions})
LIMIT $3;

-- name: similar_of
-- The same among the tasks that some agents (in capitals) did and some told of (empty: any): few enough to look at all of
-- them.
WITH own AS MATERIALIZED (
    SELECT {columns}, task_embedding
    FROM task_executions
    WHERE (cardinality($4::text[]) = 0 OR upper(agent_used) = ANY ($4))
        AND (cardinality($5::text[]) = 0 OR agent_id = ANY ($5))
        AND embedder = $2 AND success IS NOT NULL AND assigned_model IS NOT NULL
)
SELECT
    {columns},
    least(1.0, -(task_embedding::halfvec({dimensions}) <#> $1::real[]::halfvec({dimensions}))) AS similarity
FROM own
ORDER BY similarity DESC
LIMIT $3;

-- name: changed
-- What changed after a position (a time and an id), oldest change first; rows that do not count, or not any
-- more, have no embedding here.
SELECT
    id,
    agent_used,
    assigned_model,
    task_type,
    success,
    changed_at,
    CASE WHEN embedder = $2 AND success IS NOT NULL AND assigned_model IS NOT NULL
        THEN halfvec_send(task_embedding) END AS embedding
FROM task_executions
WHERE (changed_at, id) > ($1, $3)
ORDER BY changed_at, id
LIMIT $4;

-- name: newest_edge
-- The time of change before which there are more than so many tasks that count.
SELECT changed_at
FROM task_executions
WHERE embedder = $1 AND success IS NOT NULL AND assigned_model IS NOT NULL
ORDER BY changed_at DESC
OFFSET $2
LIMIT 1;

-- name: used
-- Who did how many finished tasks since a time, how well, and how long they took.
SELECT
    agent_used,
    count(*)::bigint AS task_count,
    avg(success::integer)::double precision AS success_rate,
    (avg(execution_time_seconds) * 1000)::double precision AS avg_duration_ms
FROM task_executions
WHERE "timestamp" > $1 AND success IS NOT NULL
GROUP BY agent_used
ORDER BY agent_used;

-- name: gaps
-- Failed tasks that are far from every agent's specification, the farthest first.
SELECT
    {columns},
    nearest.agent_name AS nearest_agent,
    nearest.distance
FROM task_executions AS task
CROSS JOIN LATERAL (
    SELECT agent_name, 1 + (task.task_embedding <#> spec_embedding) AS distance
    FROM agent_embeddings
    WHERE agent_embeddings.embedder = $1
    ORDER BY distance
    LIMIT 1
) AS nearest
WHERE NOT success AND embedder = $1 AND "timestamp" > $2 AND nearest.distance > $3
ORDER BY nearest.distance DESC
LIMIT $4;

-- name: counts
-- How much the memory holds for an embedder, and what it cannot use.
SELECT
    count(*)::bigint AS tasks,
    count(*) FILTER (WHERE success IS NOT NULL)::bigint AS finished,
    count(*) FILTER (WHERE embedder = $1)::bigint AS embedded,
    count(*) FILTER (WHERE embedder <> $1)::bigint AS embedded_by_others
FROM task_executions;
