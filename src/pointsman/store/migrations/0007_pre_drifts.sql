-- Since when a model does otherwise than before for an agent and kind of task: what it did before that
-- counts little.
CREATE TABLE learning_drifts (
    agent_id text NOT NULL,
    model text NOT NULL,
    slice text NOT NULL,
    since timestamptz NOT NULL,
    before_mean double precision NOT NULL,
    after_mean double precision NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (agent_id, model, slice)
);
