-- What became of decisions. No text of prompts or answers: codes, ids and numbers.

-- `number` grows in the order in which rows become visible, because writers take turns: it is the cursor
-- of those who read everything once.
CREATE TABLE outcomes (
    event_id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    decision_id text NOT NULL,
    attempt integer NOT NULL,
    target text NOT NULL,
    agent_id text NOT NULL,
    signal text NOT NULL,
    label double precision CHECK (label BETWEEN 0 AND 1),
    weight double precision NOT NULL CHECK (weight BETWEEN 0 AND 1),
    source text NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL,
    seen_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX outcomes_number ON outcomes (number);
CREATE INDEX outcomes_decision ON outcomes (decision_id);
CREATE INDEX outcomes_agent ON outcomes (agent_id, seen_at DESC);
CREATE INDEX outcomes_time ON outcomes USING brin (seen_at);
