-- name: phases
-- When each phase last ran.
SELECT phase, started_at, finished_at, runs, failures, error, told, worker FROM learning_phases;

-- name: begin_phase
-- Notes that a phase begins.
INSERT INTO learning_phases (phase, started_at, worker) VALUES ($1, $2, $3)
ON CONFLICT (phase) DO UPDATE SET
    started_at = excluded.started_at, worker = excluded.worker, error = NULL;

-- name: end_phase
-- Notes that a phase ended well.
UPDATE learning_phases SET finished_at = $2, runs = runs + 1, error = NULL, told = $3 WHERE phase = $1;

-- name: fail_phase
-- Notes that a phase failed.
UPDATE learning_phases SET failures = failures + 1, error = $2 WHERE phase = $1;

-- name: try_lease
-- Takes the one place of learning, as long as this connection lives.
SELECT pg_try_advisory_lock(hashtextextended('pointsman.learning', 0));

-- name: end_lease
-- Gives it back.
SELECT pg_advisory_unlock(hashtextextended('pointsman.learning', 0));

-- name: state
-- Which policy was published and pinned.
SELECT published_version, pinned_version, settled_version, published_change, published_at
FROM learning_state;

-- name: lock_state
-- The same, keeping others from publishing until the end of the transaction.
SELECT published_version, pinned_version, settled_version, published_change, published_at
FROM learning_state FOR UPDATE;

-- name: note_published
-- Notes what was published.
UPDATE learning_state SET published_version = $1, settled_version = $1, published_change = $2,
    published_at = $3;

-- name: pin
-- Pins a policy, or (null) releases it.
UPDATE learning_state SET pinned_version = $1;

-- name: settle
-- Notes that a policy holds what was learned.
UPDATE learning_state SET settled_version = $1;

-- name: scores
-- The confidences of all agents.
SELECT agent_id, model, score, observations, updated_at, reference_score, reference_at
FROM agent_confidence_scores;

-- name: confidences
-- An agent's confidences, by model.
SELECT model, score, deviation, observations, updated_at
FROM agent_confidence_scores WHERE agent_id = $1 ORDER BY model;

-- name: put_scores
-- Writes confidences.
INSERT INTO agent_confidence_scores
    (agent_id, model, score, deviation, observations, updated_at, reference_score, reference_at)
SELECT a, m, s, d, o, $6, r, t FROM unnest(
    $1::text[], $2::text[], $3::double precision[], $4::double precision[], $5::double precision[],
    $7::double precision[], $8::timestamptz[]
) AS new (a, m, s, d, o, r, t)
ON CONFLICT (agent_id, model) DO UPDATE SET
    score = excluded.score, deviation = excluded.deviation, observations = excluded.observations,
    updated_at = excluded.updated_at, reference_score = excluded.reference_score,
    reference_at = excluded.reference_at;

-- name: put_divergence
-- Notes a divergence. Its review holds until it is seen anew after having been away for a week.
INSERT INTO divergences AS known
    (agent_id, model, global_score, agent_score, deviation, observations, first_seen, last_seen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT (agent_id, model) DO UPDATE SET
    global_score = excluded.global_score, agent_score = excluded.agent_score,
    deviation = excluded.deviation, observations = excluded.observations, last_seen = excluded.last_seen,
    reviewed_at = CASE WHEN known.last_seen >= $7 - interval '7 days' THEN known.reviewed_at END
RETURNING reviewed_at;

-- name: review_divergence
-- Notes that somebody has looked at a divergence.
UPDATE divergences SET reviewed_at = $3 WHERE agent_id = $1 AND model = $2
RETURNING agent_id, model, global_score, agent_score, deviation, observations, first_seen, last_seen,
    reviewed_at;

-- name: divergences
-- All divergences, the newest first.
SELECT agent_id, model, global_score, agent_score, deviation, observations, first_seen, last_seen,
    reviewed_at
FROM divergences ORDER BY last_seen DESC, agent_id, model LIMIT $1;

-- name: slices
-- The kinds of task that agents were seen with from a day on.
SELECT DISTINCT agent_id, slice FROM learning_contributions WHERE day >= $1 ORDER BY agent_id, slice;

-- name: rules
-- Which target each agent's requests of a kind go to.
SELECT agent_id, slice, target, tier, fallbacks, confidence, gate, policy_version, since, updated_at
FROM agent_rules WHERE $1::text IS NULL OR agent_id = $1 ORDER BY agent_id, slice;

-- name: put_rule
-- Writes a rule.
INSERT INTO agent_rules AS known
    (agent_id, slice, target, tier, fallbacks, confidence, gate, policy_version, since, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
ON CONFLICT (agent_id, slice) DO UPDATE SET
    target = excluded.target, tier = excluded.tier, fallbacks = excluded.fallbacks,
    confidence = excluded.confidence, gate = excluded.gate, policy_version = excluded.policy_version,
    updated_at = excluded.updated_at,
    since = CASE WHEN known.target = excluded.target THEN known.since ELSE excluded.since END;

-- name: drop_rules
-- Drops the rules that were not written at a time.
DELETE FROM agent_rules WHERE updated_at < $1;

-- name: raise
-- Raises an alert, unless it has been raised.
INSERT INTO alerts (key, kind, agent_id, detail, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key) DO NOTHING;

-- name: alerts
-- The newest alerts.
SELECT id, kind, agent_id, detail, at FROM alerts ORDER BY at DESC, id DESC LIMIT $1;

-- name: forget_alerts
-- Drops alerts from before a time.
DELETE FROM alerts WHERE at < $1;

-- name: forget_divergences
-- Drops divergences that have not been there since a time.
DELETE FROM divergences WHERE last_seen < $1;

-- name: forget_policies
-- Drops policies from before a time that are neither in use nor the last.
DELETE FROM policy_snapshots AS old USING learning_state AS state
WHERE old.created_at < $1 AND old.version <> (SELECT max(version) FROM policy_snapshots)
    AND old.version IS DISTINCT FROM state.published_version
    AND old.version IS DISTINCT FROM state.pinned_version;
