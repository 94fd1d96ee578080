-- name: tasks
-- What models did from a day on, by task: all that a conversation contributed to one goes well or badly as one.
-- What came before a known drift is left out.
SELECT made.agent_id, made.model, made.slice, min(made.at) AS at, min(made.decision_id) AS decision_id,
    sum(made.weight) AS weight, sum(made.weight * made.reward) AS reward
FROM learning_contributions AS made
LEFT JOIN learning_drifts AS known USING (agent_id, model, slice)
WHERE made.day >= $1 AND made.weight > 0 AND (known.since IS NULL OR made.at >= known.since)
GROUP BY made.agent_id, made.model, made.slice, coalesce(made.conversation, made.decision_id), made.vector;

-- name: windows
-- Of each agent, model and kind of task, the newest tasks beside those before, for windows of some sizes.
WITH placed AS (
    SELECT agent_id, model, slice, at, weight, reward,
        row_number() OVER (
            PARTITION BY agent_id, model, slice ORDER BY at DESC, decision_id DESC
        ) AS place
    FROM ({tasks}) AS tasks
)
SELECT agent_id, model, slice, wanted.size,
    min(at) FILTER (WHERE place <= wanted.size) AS since,
    sum(weight) FILTER (WHERE place <= wanted.size) AS new_weight,
    sum(reward) FILTER (WHERE place <= wanted.size) AS new_reward,
    sum(weight * weight) FILTER (WHERE place <= wanted.size) AS new_square,
    sum(weight) FILTER (WHERE place > wanted.size) AS old_weight,
    sum(reward) FILTER (WHERE place > wanted.size) AS old_reward,
    sum(weight * weight) FILTER (WHERE place > wanted.size) AS old_square
FROM placed, unnest($2::bigint[]) AS wanted (size)
WHERE place <= $3
GROUP BY agent_id, model, slice, wanted.size
HAVING count(*) >= wanted.size + $4;

-- name: shared_windows
-- The same for windows that all agents share: of each model and kind of task the newest tasks of all
-- agents, a row for each agent that has any in the window or before.
WITH placed AS (
    SELECT agent_id, model, slice, at, weight, reward,
        row_number() OVER (
            PARTITION BY model, slice ORDER BY at DESC, decision_id DESC
        ) AS place
    FROM ({tasks}) AS tasks
)
SELECT agent_id, model, slice, wanted.size,
    min(min(at) FILTER (WHERE place <= wanted.size)) OVER (PARTITION BY model, slice, wanted.size) AS since,
    coalesce(sum(weight) FILTER (WHERE place <= wanted.size), 0) AS new_weight,
    coalesce(sum(reward) FILTER (WHERE place <= wanted.size), 0) AS new_reward,
    coalesce(sum(weight * weight) FILTER (WHERE place <= wanted.size), 0) AS new_square,
    coalesce(sum(weight) FILTER (WHERE place > wanted.size), 0) AS old_weight,
    coalesce(sum(reward) FILTER (WHERE place > wanted.size), 0) AS old_reward,
    coalesce(sum(weight * weight) FILTER (WHERE place > wanted.size), 0) AS old_square
FROM placed, unnest($2::bigint[]) AS wanted (size)
WHERE place <= $3
GROUP BY agent_id, model, slice, wanted.size;

-- name: put
-- Notes a drift.
INSERT INTO learning_drifts (agent_id, model, slice, since, before_mean, after_mean, seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (agent_id, model, slice) DO UPDATE SET
    since = excluded.since, before_mean = excluded.before_mean, after_mean = excluded.after_mean,
    seen_at = excluded.seen_at;

-- name: all
-- The drifts that are known.
SELECT agent_id, model, slice, since, before_mean, after_mean FROM learning_drifts
ORDER BY agent_id, model, slice;

-- name: before
-- What a drift has made old.
SELECT {columns} FROM learning_contributions
WHERE agent_id = $1 AND model = $2 AND slice = $3 AND at < $4 AND day >= $5
ORDER BY at DESC LIMIT $6;

-- name: summed_before
-- By day, what the cells of drifts added up to until them, from one day on and before another. The day of a
-- drift is of both; it counts as before.
SELECT agent_id, model, slice, made.day, made.sums
FROM learning_drifts AS known
JOIN learning_cell_sums AS made USING (agent_id, model, slice)
WHERE made.geometry = $1 AND made.day >= $2 AND made.day < $3
    AND made.day <= (known.since AT TIME ZONE 'UTC')::date;

-- name: forget
-- Drops drifts from before a time.
DELETE FROM learning_drifts WHERE since < $1;
