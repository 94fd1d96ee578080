-- What models made of tasks lately: moving averages, which forget what a model did long ago.

CREATE FUNCTION moved_average(average double precision, next double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT 0.9 * average + 0.1 * next';

-- The first observation starts the average, each further one counts a tenth. What is null is left out.
CREATE AGGREGATE moving_average(double precision) (SFUNC = moved_average, STYPE = double precision);

DROP MATERIALIZED VIEW IF EXISTS model_performance;

-- What models made of tasks. Tasks whose cost is 0 have no value per dollar. The columns that begin with
-- `recent` are moving averages in the order in which outcomes were told.
CREATE MATERIALIZED VIEW model_performance AS
WITH told AS (
    SELECT
        *,
        CASE WHEN success THEN 1.0 ELSE 0.0 END::double precision AS succeeded,
        value_delivered / nullif(actual_cost, 0) AS per_dollar,
        coalesce(outcome_at, "timestamp") AS told_at
    FROM task_executions
    WHERE success IS NOT NULL AND assigned_model IS NOT NULL
)
SELECT
    assigned_model,
    priority,
    domain,
    complexity,
    count(*) AS total_tasks,
    avg(succeeded) AS success_rate,
    avg(quality_score) AS avg_quality_score,
    avg(execution_time_seconds) AS avg_execution_time,
    avg(actual_input_tokens::double precision / nullif(predicted_input_tokens, 0)) AS input_token_accuracy,
    avg(actual_output_tokens::double precision / nullif(predicted_output_tokens, 0))
        AS output_token_accuracy,
    avg(per_dollar) AS value_per_dollar,
    stddev(quality_score) AS quality_stddev,
    max("timestamp") AS last_updated,
    moving_average(succeeded ORDER BY told_at, id) AS recent_success_rate,
    moving_average(quality_score ORDER BY told_at, id) AS recent_quality_score,
    moving_average(per_dollar ORDER BY told_at, id) AS recent_value_per_dollar
FROM told
GROUP BY assigned_model, priority, domain, complexity;
