"""Models that get better or worse: what of the evidence becomes old, and who is told."""

from datetime import timedelta

import numpy as np
import pytest
from tests.learning_world import NOW, POLICY, a_request, learn, publish, put, score_of, sign_of

from pointsman.app.policies import PolicyKeeper
from pointsman.learning.work import Options
from pointsman.store import drifts, learned
from pointsman.store.pool import Connection, Pool


async def test_a_model_that_changes_within_a_day_is_seen_to(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    before = [(one, sign_of(one, 1.0)) for n in range(400) for one in [a_request(n, "good", 300)]]
    after = [(one, sign_of(one, 0.0)) for n in range(400, 425) for one in [a_request(n, "good", 60)]]
    await put(db_pool, before)
    await learn(connection, "confidence")
    assert await score_of(connection, "good") > 0.9
    await put(db_pool, after)
    await learn(connection, "confidence", now=NOW + timedelta(hours=2))
    assert await score_of(connection, "good") < 0.75
    drifts = [one for one in await learned.alerts(connection) if one["kind"] == "drift"]
    assert [one["detail"]["model"] for one in drifts] == ["good"]


async def test_what_a_drift_has_made_old_does_not_come_back_when_the_log_forgets_it(
    connection: Connection, db_pool: Pool
):
    await publish(db_pool)
    before = [(one, sign_of(one, 1.0)) for n in range(400) for one in [a_request(n, "good", 300)]]
    after = [(one, sign_of(one, 0.0)) for n in range(400, 425) for one in [a_request(n, "good", 60)]]
    await put(db_pool, before + after)
    await learn(connection, "confidence")
    assert await score_of(connection, "good") < 0.2
    await learn(connection, "daily", now=NOW + timedelta(days=32))
    assert await connection.fetchval("SELECT count(*) FROM learning_contributions") == 0
    await learn(connection, "daily", now=NOW + timedelta(days=34))
    assert await score_of(connection, "good") < 0.7


async def test_a_drift_makes_old_what_is_older_than_the_log_too(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    day, brief = 24 * 60, Options(log_days=5)
    long_ago = [(one, sign_of(one, 1.0)) for n in range(400) for one in [a_request(n, "good", 10 * day)]]
    before = [(one, sign_of(one, 1.0)) for n in range(400, 440) for one in [a_request(n, "good", day)]]
    await put(db_pool, long_ago + before)
    await learn(connection, "daily", options=brief)
    after = [(one, sign_of(one, 0.0)) for n in range(440, 465) for one in [a_request(n, "good", 60)]]
    await put(db_pool, after)
    await learn(connection, "confidence", now=NOW + timedelta(hours=2), options=brief)
    assert await score_of(connection, "good") < 0.3


async def test_a_drift_takes_out_no_more_than_there_is_where_the_log_is_kept_longer_than_sums(
    connection: Connection, db_pool: Pool, tmp_path
):
    keeper = PolicyKeeper(POLICY, tmp_path / "policy")
    await keeper.publish(db_pool)
    day, long = 24 * 60, Options(log_days=365, sums_days=2)
    before = [(one, sign_of(one, 1.0)) for n in range(400) for one in [a_request(n, "good", 5 * day)]]
    since = [(one, sign_of(one, 0.0)) for n in range(400, 460) for one in [a_request(n, "good", 60)]]
    await put(db_pool, before + since)
    await learn(connection, "confidence", now=NOW + timedelta(hours=2), options=long)
    await keeper.hear(db_pool)
    posterior = keeper.policy.current.evidence
    assert posterior.models == ("good",)
    assert np.frombuffer(posterior.weights, "<f4")[0] == pytest.approx(60.0, rel=0.1)


async def test_an_agent_that_asked_for_nothing_since_has_no_drift_to_tell_of(
    connection: Connection, db_pool: Pool
):
    await publish(db_pool)
    for start, agents, label, ago in ((0, ("one", "two", "idle"), 1.0, 300), (90, ("one", "two"), 0.0, 60)):
        asked = [
            a_request(n, "good", ago, agent_id=agents[n % len(agents)]) for n in range(start, start + 60)
        ]
        await put(db_pool, [(one, sign_of(one, label)) for one in asked])
    await learn(connection, "confidence")
    told = [one for one in await learned.alerts(connection) if one["kind"] == "drift"]
    assert {one["agent_id"] for one in told} == {"one", "two"}
    assert "idle" in {one.agent_id for one in await drifts.known(connection)}
