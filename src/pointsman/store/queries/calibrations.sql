-- name: turn
-- One after the other, of those that begin the same calibration.
SELECT pg_advisory_xact_lock(hashtextextended('pointsman.calibration ' || $1, 0));

-- name: unfinished
-- The newest unfinished calibration with a digest.
SELECT {columns} FROM calibration_runs
WHERE digest = $1 AND finished_at IS NULL
ORDER BY started_at DESC
LIMIT 1;

-- name: begin
-- Writes a new calibration down.
INSERT INTO calibration_runs (id, digest, source, items, targets, judge, budget_usd_micros, started_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING {columns};

-- name: get
-- One calibration.
SELECT {columns} FROM calibration_runs WHERE id = $1;

-- name: newest
-- The calibrations begun last.
SELECT {columns} FROM calibration_runs ORDER BY started_at DESC LIMIT $1;

-- name: results
-- All results of a calibration.
SELECT item, target, grader, score, detail, request_id, cost_usd_micros, latency_ms
FROM calibration_results WHERE run_id = $1 ORDER BY item, target;

-- name: add
-- Writes a result down, or over one that had no score; says nothing when there was one.
INSERT INTO calibration_results AS known
    (run_id, item, target, grader, score, detail, request_id, cost_usd_micros, latency_ms, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (run_id, item, target) DO UPDATE SET
    grader = excluded.grader, score = excluded.score, detail = excluded.detail,
    request_id = excluded.request_id, latency_ms = excluded.latency_ms, at = excluded.at,
    cost_usd_micros = known.cost_usd_micros + excluded.cost_usd_micros
WHERE known.score IS NULL
RETURNING item;

-- name: finish
-- Ends a calibration.
UPDATE calibration_runs SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL;
