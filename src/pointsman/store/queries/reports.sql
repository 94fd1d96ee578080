-- name: feedback_digest
-- What was said under this id, if anything.
SELECT digest FROM feedback WHERE id = $1;

-- name: first_attempt
-- The first attempt at a request.
SELECT started_at, attempt, provider, model, agent_id
FROM gateway_request_log
WHERE request_id = $1
ORDER BY attempt, started_at
LIMIT 1;

-- name: last_attempt
-- The last attempt at a request: the one whose answer the client got.
SELECT started_at, attempt, provider, model, agent_id
FROM gateway_request_log
WHERE request_id = $1
ORDER BY attempt DESC, started_at DESC
LIMIT 1;

-- name: add_feedback
-- Writes down what was said.
INSERT INTO feedback (
    id, agent_id, request_id, kind, outcome, thumbs_up, completion_quality, latency_ms, token_count,
    weight, label, received_at, digest, state
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: turn
-- One after the other for what is said of one request, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('pointsman.feedback ' || $1, 0));

-- name: counting
-- What counts now of what an agent said of a request.
SELECT id, received_at, thumbs_up, model, started_at, attempt
FROM feedback
WHERE agent_id = $1 AND request_id = $2 AND kind = $3 AND state = 'applied';

-- name: supersede
-- Lets it not count any more.
UPDATE feedback SET state = 'superseded' WHERE id = $1;

-- name: match
-- Joins feedback to the attempt it is about.
UPDATE feedback
SET state = $2, applied_at = $3, started_at = $4, attempt = $5, provider = $6, model = $7
WHERE id = $1;

-- name: back_fill
-- Notes at an attempt the newest of what counts now of all that was said of it; nothing, if nothing does.
WITH said AS (
    SELECT id, outcome, received_at, completion_quality
    FROM feedback
    WHERE agent_id = $4 AND request_id = $2 AND attempt = $3 AND state = 'applied'
)
UPDATE gateway_request_log
SET outcome = (SELECT outcome FROM said ORDER BY received_at DESC, id DESC LIMIT 1),
    outcome_source = (SELECT 'told' FROM said LIMIT 1),
    outcome_at = (SELECT max(received_at) FROM said),
    completion_quality = (
        SELECT completion_quality FROM said WHERE completion_quality IS NOT NULL
        ORDER BY received_at DESC, id DESC LIMIT 1
    )
WHERE started_at = $1 AND request_id = $2 AND attempt = $3;

-- name: add_thumbs
-- Counts thumbs up and down of a model's answers.
INSERT INTO user_satisfaction AS known (agent_id, model, thumbs_up, thumbs_down, updated_at)
VALUES ($1, $2, greatest($3::bigint, 0), greatest($4::bigint, 0), $5)
ON CONFLICT (agent_id, model) DO UPDATE SET
    thumbs_up = greatest(known.thumbs_up + $3::bigint, 0),
    thumbs_down = greatest(known.thumbs_down + $4::bigint, 0),
    updated_at = $5;

-- name: waiting
-- Feedback whose request was not in the log, oldest first.
SELECT id, agent_id, request_id, kind, outcome, thumbs_up, label, received_at
FROM feedback
WHERE state = 'waiting' AND (received_at, id) > ($1, $2)
ORDER BY received_at, id
LIMIT $3;

-- name: give_up
-- Lets feedback go whose request has not come in all that time.
UPDATE feedback SET state = 'unmatched' WHERE state = 'waiting' AND received_at < $1;

-- name: satisfaction
-- What an agent's users think of its models.
SELECT model, thumbs_up, thumbs_down, user_satisfaction
FROM user_satisfaction
WHERE agent_id = $1
ORDER BY model;

-- name: forget_feedback
-- Drops what was said before a time.
DELETE FROM feedback WHERE received_at < $1;

-- name: forget_refused
-- Drops what was refused before a time.
DELETE FROM refused_reports WHERE received_at < $1;

-- name: keep_refused
-- Keeps a report that could not be taken.
INSERT INTO refused_reports (id, received_at, why, report)
VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO NOTHING;
