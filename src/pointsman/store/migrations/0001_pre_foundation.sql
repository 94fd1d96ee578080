-- The request log and what the gateway needs at start: agents, volumes, keys, tiers, snapshots, offsets.

-- One row for each attempt at a request; narrow, so that a year of it stays small. Features stand on the
-- first attempt only.
CREATE TABLE gateway_request_log (
    started_at timestamptz NOT NULL,
    request_id text NOT NULL,
    attempt integer NOT NULL,
    agent_id text NOT NULL,
    agent_source text NOT NULL,
    key_id text,
    kind text NOT NULL,
    dialect text NOT NULL,
    requested_model text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    tier text NOT NULL,
    streamed boolean NOT NULL,
    status integer NOT NULL,
    finish_state text NOT NULL,
    finish_reason text,
    error_code text,
    latency_ms double precision NOT NULL,
    time_to_first_token_ms double precision,
    tokens_in bigint NOT NULL,
    tokens_out bigint NOT NULL,
    tokens_cached bigint NOT NULL,
    tokens_cache_write bigint NOT NULL,
    tokens_reasoning bigint NOT NULL,
    usage_estimated boolean NOT NULL,
    cost_usd_micros bigint NOT NULL,
    price_source text NOT NULL,
    price_version text NOT NULL,
    confidence double precision NOT NULL,
    fallback_used boolean NOT NULL,
    decision_id text NOT NULL,
    policy_version bigint NOT NULL,
    reason_code text NOT NULL,
    task_type text NOT NULL,
    session_key text,
    tool_call_ids text[] NOT NULL,
    losses text[] NOT NULL,
    features jsonb,
    PRIMARY KEY (started_at, request_id, attempt)
) PARTITION BY RANGE (started_at);

CREATE INDEX gateway_request_log_agent ON gateway_request_log (agent_id, started_at DESC);
CREATE INDEX gateway_request_log_request ON gateway_request_log (request_id);
CREATE INDEX gateway_request_log_time ON gateway_request_log USING brin (started_at);

-- Every caller ever seen. `profile` holds the operator's changes to its profile, `display` its name for
-- people.
CREATE TABLE agents (
    id text PRIMARY KEY,
    source text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    profile jsonb,
    display text
);

-- What each agent has used a day and tier. Kept when the log's partitions are dropped, and counted for
-- agents whose requests are not logged.
CREATE TABLE agent_volume (
    agent_id text NOT NULL,
    tier text NOT NULL,
    day date NOT NULL,
    requests bigint NOT NULL,
    retries bigint NOT NULL,
    side_requests bigint NOT NULL,
    tokens_in bigint NOT NULL,
    tokens_out bigint NOT NULL,
    cost_usd_micros bigint NOT NULL,
    PRIMARY KEY (agent_id, tier, day)
);

CREATE INDEX agent_volume_day ON agent_volume (day);

-- The same by key, for the keys' budgets.
CREATE TABLE key_volume (
    key_id text NOT NULL,
    day date NOT NULL,
    requests bigint NOT NULL,
    cost_usd_micros bigint NOT NULL,
    PRIMARY KEY (key_id, day)
);

CREATE INDEX key_volume_day ON key_volume (day);

-- Keys by their SHA-256; the secrets are nowhere.
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    name text NOT NULL,
    digest text NOT NULL UNIQUE,
    hint text NOT NULL,
    agent text,
    allowed_agents text[] NOT NULL,
    allowed_models text[] NOT NULL,
    daily_budget_usd_micros bigint,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Confidence of an agent in a model: posterior mean, its deviation, and the decayed count behind it.
CREATE TABLE agent_confidence_scores (
    agent_id text NOT NULL,
    model text NOT NULL,
    score double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    deviation double precision CHECK (deviation >= 0),
    observations double precision NOT NULL CHECK (observations >= 0),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (agent_id, model)
);

-- The model an agent starts with while nothing is known. A name ending in `*` covers all that begin so.
CREATE TABLE model_tiers (
    agent_name text PRIMARY KEY,
    default_model text NOT NULL,
    updated_at timestamptz NOT NULL,
    notes text
);

-- Policy snapshots as they were published, byte for byte.
CREATE TABLE policy_snapshots (
    version bigint PRIMARY KEY,
    created_at timestamptz NOT NULL,
    body bytea NOT NULL,
    reason text NOT NULL
);

-- How far each journal has been loaded. Moves in the transaction that writes the rows.
CREATE TABLE journal_offsets (
    journal_id uuid PRIMARY KEY,
    worker text NOT NULL,
    segment integer NOT NULL,
    byte_offset bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
