-- name: find
-- Attempts, newest first, that pass all filters which are not null, older than a position.
SELECT {columns}, outcome, completion_quality
FROM gateway_request_log
WHERE ($1::text IS NULL OR agent_id = $1)
  AND ($2::text IS NULL OR model = $2)
  AND ($3::text IS NULL OR provider = $3)
  AND ($4::text IS NULL OR kind = $4)
  AND ($5::text IS NULL OR finish_state = $5)
  AND ($6::timestamptz IS NULL OR started_at >= $6)
  AND ($7::timestamptz IS NULL
       OR started_at <= $7 AND (started_at, request_id, attempt) < ($7, $8::text, $9::integer))
ORDER BY started_at DESC, request_id DESC, attempt DESC
LIMIT $10;

-- name: attempts_of
-- All attempts of one request, in order.
SELECT {columns}, outcome, completion_quality
FROM gateway_request_log
WHERE request_id = $1
ORDER BY attempt, started_at;

-- name: summary
-- Totals by agent and model since a time.
SELECT
    agent_id,
    model,
    count(*) FILTER (WHERE attempt = 0 AND kind <> 'shadow') AS requests,
    count(*) AS attempts,
    sum(tokens_in)::bigint AS tokens_in,
    sum(tokens_out)::bigint AS tokens_out,
    sum(cost_usd_micros)::bigint AS cost_usd_micros,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms) AS latency_p50_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms) AS latency_p95_ms,
    count(*) FILTER (WHERE finish_state IN ('failed', 'refused')) AS errors,
    count(*) FILTER (WHERE fallback_used) AS fallbacks
FROM gateway_request_log
WHERE started_at >= $1
GROUP BY agent_id, model
ORDER BY agent_id, model;
