"""Rules, and where an agent's own evidence and everyone's disagree."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.learning_world import NOW, a_request, learn, publish, put, sign_of

from pointsman.store import learned
from pointsman.store.learned import Divergence
from pointsman.store.pool import Connection, Pool


async def test_rules_say_where_an_agents_work_goes_and_divergences_who_differs(
    connection: Connection, db_pool: Pool
):
    await publish(db_pool)
    ours = [(one, sign_of(one, 0.0)) for n in range(60) for one in [a_request(n, "good", agent_id="odd")]]
    theirs = [
        (one, sign_of(one, 1.0))
        for n in range(60, 360)
        for one in [a_request(n, "good", agent_id=f"agent-{n % 6}")]
    ]
    await put(db_pool, ours + theirs)
    told = await learn(connection, "confidence", "rules")
    assert told["rules"]["rules"] == 7
    assert {one.gate for one in await learned.rules(connection)} == {0.70}
    found = await learned.divergences(connection)
    assert ("odd", "good") in [(one.agent_id, one.model) for one in found]
    odd = next(one for one in found if one.agent_id == "odd")
    assert odd.agent_score < odd.global_score
    assert odd.observations == pytest.approx(60.0, rel=0.05)


@pytest.mark.parametrize(("reviewed", "alerts"), [(False, 2), (True, 1)])
async def test_a_divergence_that_somebody_has_looked_at_raises_no_more_alerts(
    connection: Connection, db_pool: Pool, reviewed, alerts
):
    await publish(db_pool)
    for agent, label in (("odd", 0.0), ("even", 1.0), ("third", 1.0)):
        asked = [a_request(n, "good", agent_id=agent, request_id=f"req_{agent}_{n}") for n in range(40)]
        asked = [replace(one, decision_id=one.request_id) for one in asked]
        await put(db_pool, [(one, sign_of(one, label)) for one in asked])
    await learn(connection, "confidence", "rules")
    if reviewed:
        assert (await learned.review_divergence(db_pool, "odd", "good", NOW)).reviewed_at == NOW
    await learn(connection, "rules", now=NOW + timedelta(days=7))
    found = [one["agent_id"] for one in await learned.alerts(connection) if one["kind"] == "divergence"]
    assert found.count("odd") == alerts


async def test_a_divergence_that_is_long_over_is_forgotten(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    seen = {"first_seen": NOW, "last_seen": NOW, "reviewed_at": None}
    figures = {"global_score": 0.9, "agent_score": 0.2, "deviation": 0.1, "observations": 12.0}
    await learned.put_divergence(connection, Divergence(agent_id="odd", model="good", **figures, **seen))
    for days, left in ((89, 1), (91, 0)):
        await learn(connection, "daily", now=NOW + timedelta(days=days))
        assert len(await learned.divergences(connection)) == left
