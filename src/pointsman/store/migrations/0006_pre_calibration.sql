-- Calibrations: prompts put to many models by `pointsman calibrate`, and how well each did.

-- One calibration, which is gone on with while it has no `finished_at`. `digest` tells what is asked of whom.
-- No prompt is kept.
CREATE TABLE calibration_runs (
    id uuid PRIMARY KEY,
    digest text NOT NULL,
    source text NOT NULL,
    items integer NOT NULL CHECK (items > 0),
    targets text[] NOT NULL,
    judge text,
    budget_usd_micros bigint NOT NULL CHECK (budget_usd_micros >= 0),
    started_at timestamptz NOT NULL,
    finished_at timestamptz
);

CREATE INDEX calibration_runs_digest ON calibration_runs (digest, started_at DESC);

-- What became of one prompt at one target. `item` names the prompt; `score` is null when there was no answer
-- to score, which is asked for again. The cost is that of all tries, and of judging.
CREATE TABLE calibration_results (
    run_id uuid NOT NULL REFERENCES calibration_runs (id) ON DELETE CASCADE,
    item text NOT NULL,
    target text NOT NULL,
    grader text NOT NULL,
    score double precision CHECK (score BETWEEN 0 AND 1),
    detail text NOT NULL,
    request_id text,
    cost_usd_micros bigint NOT NULL CHECK (cost_usd_micros >= 0),
    latency_ms double precision NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (run_id, item, target)
);
