-- What learning knows and has done: its phases, each decision's contribution, their sums, and what people
-- should look at.

-- When each phase last ran, and how that went. `told` are its figures.
CREATE TABLE learning_phases (
    phase text PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    runs bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    error text,
    told jsonb,
    worker text NOT NULL
);

-- How far each source has been read: by number, or by time.
CREATE TABLE learning_cursors (
    name text PRIMARY KEY,
    number bigint NOT NULL DEFAULT 0,
    at timestamptz NOT NULL DEFAULT 'epoch'
);

-- `published_version` is the policy with what was learned last; `pinned_version` the one that somebody went
-- back to, which keeps learning from publishing until it is released; `settled_version` the newest policy
-- that was seen to hold what was learned.
CREATE TABLE learning_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    published_version bigint,
    pinned_version bigint,
    settled_version bigint,
    published_change bigint NOT NULL DEFAULT 0,
    published_at timestamptz NOT NULL DEFAULT 'epoch'
);
INSERT INTO learning_state DEFAULT VALUES;

-- How tasks' vectors become the evidence model's inputs; the highest version is in use.
CREATE TABLE learning_geometries (
    version integer PRIMARY KEY,
    body bytea NOT NULL,
    vectors bigint NOT NULL,
    made_at timestamptz NOT NULL
);

-- What each attempt adds to the sums, so that a revision can take it back. `conversation` is a hash; all of
-- one conversation and day share a cap, and `own_weight` is the weight before it. `vector` follows the
-- request's features: it is not there if those are not kept.
CREATE TABLE learning_contributions (
    decision_id text NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    day date NOT NULL,
    agent_id text NOT NULL,
    model text NOT NULL,
    slice text NOT NULL,
    reward double precision NOT NULL CHECK (reward BETWEEN 0 AND 1),
    own_weight double precision NOT NULL CHECK (own_weight >= 0),
    weight double precision NOT NULL CHECK (weight >= 0),
    geometry integer NOT NULL,
    conversation text,
    vector bytea NOT NULL,
    PRIMARY KEY (decision_id, attempt)
);

CREATE INDEX learning_contributions_conversation ON learning_contributions (conversation)
    WHERE conversation IS NOT NULL;
CREATE INDEX learning_contributions_day ON learning_contributions (day, geometry);

-- Sums of contributions by day: of each model, and of each agent, model and kind of task.
CREATE TABLE learning_model_sums (
    day date NOT NULL,
    geometry integer NOT NULL,
    model text NOT NULL,
    sums bytea NOT NULL,
    PRIMARY KEY (day, geometry, model)
);
ALTER TABLE learning_model_sums ALTER COLUMN sums SET STORAGE EXTERNAL;

CREATE TABLE learning_cell_sums (
    day date NOT NULL,
    geometry integer NOT NULL,
    agent_id text NOT NULL,
    model text NOT NULL,
    slice text NOT NULL,
    sums bytea NOT NULL,
    PRIMARY KEY (day, geometry, agent_id, model, slice)
);

-- Decisions with outcomes whose requests have not been in the log yet.
CREATE TABLE learning_waiting (
    decision_id text PRIMARY KEY,
    since timestamptz NOT NULL
);

-- How targets did for agents, by day: what the log says, whatever became of the work.
CREATE TABLE agent_performance (
    day date NOT NULL,
    agent_id text NOT NULL,
    target text NOT NULL,
    requests bigint NOT NULL,
    successes bigint NOT NULL,
    latency_ms_sum double precision NOT NULL,
    PRIMARY KEY (day, agent_id, target)
);

-- A drop is seen against the score of an hour ago.
ALTER TABLE agent_confidence_scores
    ADD COLUMN IF NOT EXISTS reference_score double precision,
    ADD COLUMN IF NOT EXISTS reference_at timestamptz;

-- Where an agent's own evidence and everyone's disagree beyond their uncertainty. The agent wins.
CREATE TABLE divergences (
    agent_id text NOT NULL,
    model text NOT NULL,
    global_score double precision NOT NULL,
    agent_score double precision NOT NULL,
    deviation double precision NOT NULL,
    observations double precision NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    reviewed_at timestamptz,
    PRIMARY KEY (agent_id, model)
);

-- What an agent's requests of one kind go to, as evidence has it; `fallbacks` in their order.
CREATE TABLE agent_rules (
    agent_id text NOT NULL,
    slice text NOT NULL,
    target text NOT NULL,
    tier text NOT NULL,
    fallbacks text[] NOT NULL,
    confidence double precision NOT NULL,
    gate double precision NOT NULL,
    policy_version bigint NOT NULL,
    since timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (agent_id, slice)
);

-- What somebody should look at. One row for each `key`.
CREATE TABLE alerts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    kind text NOT NULL,
    agent_id text NOT NULL DEFAULT '',
    detail jsonb NOT NULL,
    at timestamptz NOT NULL
);

CREATE INDEX alerts_at ON alerts (at DESC);

-- What models made of tasks. Tasks whose cost is 0 have no value per dollar.
CREATE MATERIALIZED VIEW model_performance AS
SELECT
    assigned_model,
    priority,
    domain,
    complexity,
    count(*) AS total_tasks,
    avg(CASE WHEN success THEN 1.0 ELSE 0.0 END)::double precision AS success_rate,
    avg(quality_score) AS avg_quality_score,
    avg(execution_time_seconds) AS avg_execution_time,
    avg(actual_input_tokens::double precision / nullif(predicted_input_tokens, 0)) AS input_token_accuracy,
    avg(actual_output_tokens::double precision / nullif(predicted_output_tokens, 0))
        AS output_token_accuracy,
    avg(value_delivered / nullif(actual_cost, 0)) AS value_per_dollar,
    stddev(quality_score) AS quality_stddev,
    max("timestamp") AS last_updated
FROM task_executions
WHERE success IS NOT NULL AND assigned_model IS NOT NULL
GROUP BY assigned_model, priority, domain, complexity;
