-- Task memory: embeddings of tasks and of agents' specifications, so that similar work can be found.

-- The length of an embedding is its embedder's; `embedder` says whose it is, and vectors of two are never
-- compared. `changed_at` is for those who read only what is new.
DROP VIEW IF EXISTS task_history;

ALTER TABLE task_executions
    ALTER COLUMN task_embedding TYPE halfvec,
    ADD COLUMN embedder text,
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT task_executions_embedder CHECK ((task_embedding IS NULL) = (embedder IS NULL));

CREATE INDEX task_executions_changed ON task_executions (changed_at);

CREATE INDEX task_executions_not_embedded ON task_executions ("timestamp")
    WHERE task_embedding IS NULL AND (task_description <> '' OR task_title <> '');

-- Embeddings have length 1, so the inner product is the cosine. An embedder of other dimensions gets an
-- index of its own when it is first used.
CREATE INDEX task_executions_embedding_256 ON task_executions
    USING hnsw ((task_embedding::halfvec(256)) halfvec_ip_ops) WHERE vector_dims(task_embedding) = 256;

CREATE VIEW task_history AS
SELECT
    id,
    "timestamp" AS created_at,
    task_description,
    task_embedding,
    agent_used,
    assigned_model AS model_used,
    success,
    (execution_time_seconds * 1000)::bigint AS duration_ms,
    error_message,
    session_id,
    parent_task_id
FROM task_executions
WHERE success IS NOT NULL;

-- What each agent is for, by the embedding of its specification; `spec_hash` is SHA-256 in hex.
CREATE TABLE agent_embeddings (
    agent_name text PRIMARY KEY,
    spec_embedding halfvec NOT NULL,
    embedder text NOT NULL,
    spec_hash text NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE FUNCTION note_task_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;

CREATE TRIGGER task_executions_change BEFORE INSERT OR UPDATE ON task_executions
    FOR EACH ROW EXECUTE FUNCTION note_task_change();

-- Tells all gateways, when the transaction commits, on the channel that the trigger names.
CREATE FUNCTION tell_task_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END $$;

CREATE TRIGGER task_executions_told AFTER INSERT OR UPDATE ON task_executions
    FOR EACH STATEMENT EXECUTE FUNCTION tell_task_change('pointsman_tasks');
CREATE TRIGGER task_executions_erased AFTER DELETE OR TRUNCATE ON task_executions
    FOR EACH STATEMENT EXECUTE FUNCTION tell_task_change('pointsman_tasks_erased');
