-- name: hashes
-- What is known of each specification: its hash and its embedder.
SELECT agent_name, spec_hash, embedder FROM agent_embeddings;

-- name: put
-- Sets an agent's embedding.
INSERT INTO agent_embeddings (agent_name, spec_embedding, embedder, spec_hash, updated_at)
VALUES ($1, $2::real[]::halfvec, $3, $4, $5)
ON CONFLICT (agent_name) DO UPDATE SET
    spec_embedding = excluded.spec_embedding,
    embedder = excluded.embedder,
    spec_hash = excluded.spec_hash,
    updated_at = excluded.updated_at;

-- name: remove
-- Drops agents whose specification is gone.
DELETE FROM agent_embeddings WHERE agent_name = ANY ($1);

-- name: nearest
-- All agents by how near their specification is to an embedding.
SELECT agent_name, least(1.0, -(spec_embedding <#> $1::real[]::halfvec)) AS similarity
FROM agent_embeddings
WHERE embedder = $2
ORDER BY similarity DESC, agent_name;

-- name: names
-- All agents that have a specification.
SELECT agent_name FROM agent_embeddings ORDER BY agent_name;
