-- name: answered
-- The attempts of some agents that ended well or too late, from a time on, oldest first.
SELECT request_id, attempt, started_at, agent_id, provider, model, latency_ms, {chunk_ms} AS chunk_ms
FROM gateway_request_log
WHERE agent_id = ANY ($1::text[]) AND started_at > $2 AND finish_state = 'completed' AND kind = 'request'
ORDER BY started_at
LIMIT $3;

-- name: at_shares
-- How long answers from one time to another took, by agent: the times within which some shares of them lay,
-- once of whole answers and once of chunks. Not what calibration asked.
SELECT agent_id,
    count(*)::bigint AS answers,
    percentile_disc($3::double precision[]) WITHIN GROUP (ORDER BY latency_ms) AS answer_ms,
    count(chunk_ms)::bigint AS streams,
    percentile_disc($3::double precision[]) WITHIN GROUP (ORDER BY chunk_ms)
        FILTER (WHERE chunk_ms IS NOT NULL) AS chunk_ms
FROM (
    SELECT agent_id, latency_ms, {chunk_ms} AS chunk_ms
    FROM gateway_request_log
    WHERE started_at >= $1 AND started_at < $2 AND finish_state = 'completed' AND kind IN ('request', 'retry')
        AND agent_id <> $4
) AS answers
GROUP BY agent_id
ORDER BY agent_id;
