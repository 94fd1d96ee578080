-- What agents tell: feedback on requests, tasks and what became of them.

-- What the log knows of a request's outcome. `outcome_source` is `told` when somebody said so.
ALTER TABLE gateway_request_log
    ADD COLUMN IF NOT EXISTS outcome text,
    ADD COLUMN IF NOT EXISTS outcome_source text,
    ADD COLUMN IF NOT EXISTS outcome_at timestamptz,
    ADD COLUMN IF NOT EXISTS completion_quality double precision;

-- Each thing said of a request. `waiting`: its request is not in the log yet; `applied`: it counts;
-- `superseded`: something newer was said; `unlogged`: the agent's requests are not logged; `unmatched`: its
-- request never came. `applied_at` is when it began to count.
CREATE TABLE feedback (
    id uuid PRIMARY KEY,
    agent_id text NOT NULL,
    request_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('outcome', 'thumbs')),
    outcome text NOT NULL CHECK (outcome IN ('success', 'fallback', 'timeout', 'error', 'user_rejected')),
    thumbs_up boolean CHECK ((thumbs_up IS NULL) = (kind = 'outcome')),
    completion_quality double precision CHECK (completion_quality BETWEEN 0 AND 10),
    latency_ms double precision CHECK (latency_ms >= 0),
    token_count bigint CHECK (token_count >= 0),
    weight double precision NOT NULL CHECK (weight >= 0),
    label double precision NOT NULL CHECK (label BETWEEN 0 AND 1),
    received_at timestamptz NOT NULL,
    digest text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'applied', 'superseded', 'unlogged', 'unmatched')),
    applied_at timestamptz,
    started_at timestamptz,
    attempt integer,
    provider text,
    model text
);

CREATE INDEX feedback_request ON feedback (request_id);
CREATE UNIQUE INDEX feedback_counts ON feedback (agent_id, request_id, kind) WHERE state = 'applied';
CREATE INDEX feedback_waiting ON feedback (received_at) WHERE state = 'waiting';
CREATE INDEX feedback_applied ON feedback (applied_at) WHERE applied_at IS NOT NULL;

-- What the users of an agent think of a model: the share of thumbs that are up, one for each request.
CREATE TABLE user_satisfaction (
    agent_id text NOT NULL,
    model text NOT NULL,
    thumbs_up bigint NOT NULL CHECK (thumbs_up >= 0),
    thumbs_down bigint NOT NULL CHECK (thumbs_down >= 0),
    user_satisfaction double precision GENERATED ALWAYS AS (
        thumbs_up::double precision / nullif(thumbs_up + thumbs_down, 0)
    ) STORED,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (agent_id, model)
);

-- One execution of a task. Costs are US dollars. `success` is null until the outcome is told. The
-- embedding is filled in later.
CREATE TABLE task_executions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    task_id text NOT NULL DEFAULT '' CHECK (length(task_id) <= 50),
    task_title text,
    task_description text NOT NULL DEFAULT '',
    priority text,
    domain text,
    complexity text,
    task_type text GENERATED ALWAYS AS (priority || '_' || domain || '_' || complexity) STORED,
    predicted_value_score double precision,
    predicted_input_tokens bigint CHECK (predicted_input_tokens >= 0),
    predicted_output_tokens bigint CHECK (predicted_output_tokens >= 0),
    predicted_cost double precision CHECK (predicted_cost >= 0),
    assigned_model text,
    assignment_reason text,
    actual_input_tokens bigint CHECK (actual_input_tokens >= 0),
    actual_output_tokens bigint CHECK (actual_output_tokens >= 0),
    actual_cost double precision CHECK (actual_cost >= 0),
    execution_time_seconds double precision CHECK (execution_time_seconds >= 0),
    success boolean,
    quality_score double precision CHECK (quality_score BETWEEN 0 AND 10),
    tests_passed integer CHECK (tests_passed >= 0),
    tests_failed integer CHECK (tests_failed >= 0),
    bugs_introduced integer CHECK (bugs_introduced >= 0),
    revision_needed boolean,
    stakeholder_satisfaction double precision CHECK (stakeholder_satisfaction BETWEEN 1 AND 5),
    value_delivered double precision,
    "timestamp" timestamptz NOT NULL DEFAULT now(),
    worker_id text,
    workspace text,
    agent_id text NOT NULL DEFAULT '',
    agent_used text NOT NULL,
    session_id text,
    parent_task_id uuid,
    error_message text,
    request_ids text[] NOT NULL DEFAULT '{}',
    task_embedding halfvec(256),
    digest text NOT NULL DEFAULT '',
    outcome_at timestamptz
);

CREATE INDEX task_executions_time ON task_executions ("timestamp");
CREATE INDEX task_executions_agent ON task_executions (agent_id, "timestamp" DESC);
CREATE INDEX task_executions_type ON task_executions (assigned_model, task_type);
CREATE INDEX task_executions_outcome ON task_executions (outcome_at) WHERE outcome_at IS NOT NULL;

-- The finished tasks, in the words of those who look for similar ones.
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

-- What could not be taken when the database came back, and why; nobody waited for the answer any more.
CREATE TABLE refused_reports (
    id uuid PRIMARY KEY,
    received_at timestamptz NOT NULL,
    why text NOT NULL,
    report jsonb NOT NULL
);
