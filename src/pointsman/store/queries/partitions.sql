-- name: existing
-- The log's partitions by name.
SELECT child.relname::text AS name
FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = to_regclass('gateway_request_log')
ORDER BY child.relname;

-- name: lock
-- Lets one process make or drop partitions at a time; freed at the end of the transaction.
SELECT pg_advisory_xact_lock(7305808869231651);

-- name: patience
-- Gives up soon when somebody reads the log for long, instead of holding up all that come after.
SET LOCAL lock_timeout = '5s';

-- name: create
-- Makes one day's partition; the name and the bounds are filled in by store/partitions.py.
CREATE TABLE IF NOT EXISTS {name} PARTITION OF gateway_request_log
FOR VALUES FROM ('{first} 00:00:00+00') TO ('{next} 00:00:00+00');

-- name: drop
-- Drops one day's partition; the name is filled in by store/partitions.py.
DROP TABLE IF EXISTS {name};
