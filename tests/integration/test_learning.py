"""What learning makes of traffic in a real database."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.learning_world import (
    NOW,
    POLICY,
    a_request,
    learn,
    publish,
    put,
    score_of,
    sign_of,
    some_traffic,
    tell,
)

from pointsman.app.policies import PolicyKeeper
from pointsman.core.snapshot import decode_snapshot
from pointsman.learning import publishing
from pointsman.learning.phases import PHASES, run_due
from pointsman.learning.work import Options
from pointsman.routing.evidence import Estimator
from pointsman.store import learned, snapshots
from pointsman.store.pool import Connection, Pool, connect


async def sums(connection: Connection) -> list[tuple]:
    """All sums, byte for byte, but for those that are 0."""
    models = await connection.fetch(
        "SELECT day, geometry, model, sums FROM learning_model_sums ORDER BY 1, 2, 3"
    )
    cells = await connection.fetch(
        "SELECT day, geometry, agent_id, model, slice, sums FROM learning_cell_sums ORDER BY 1, 2, 3, 4, 5"
    )
    return [tuple(row) for row in [*models, *cells] if any(row["sums"])]


async def test_traffic_becomes_a_policy_that_running_gateways_take_over(
    connection: Connection, db_pool: Pool, tmp_path
):
    keeper = PolicyKeeper(POLICY, tmp_path / "policy")
    await keeper.publish(db_pool)
    await put(db_pool, some_traffic(200))
    told = await learn(connection, "confidence")
    assert told["confidence"]["published"] == 2
    await keeper.hear(db_pool)
    assert keeper.policy.current.version == 2
    assert set(keeper.policy.current.evidence.models) == {"good", "bad"}
    assert keeper.policy.current.performance["coder"]["shop/good"].requests == 100
    assert await score_of(connection, "good") > 0.75
    assert await score_of(connection, "bad") < 0.45


async def test_until_there_are_outcomes_enough_capability_decides(
    connection: Connection, db_pool: Pool, tmp_path
):
    keeper = PolicyKeeper(POLICY, tmp_path / "policy")
    await keeper.publish(db_pool)
    await put(db_pool, some_traffic(20))
    told = await learn(connection, "confidence", options=Options(least_outcomes=40))
    assert "capability decides until there are 40 outcomes" in told["confidence"]["note"]
    await keeper.hear(db_pool)
    assert keeper.policy.current.evidence is None
    await put(db_pool, some_traffic(60))
    await learn(connection, "confidence", now=NOW + timedelta(hours=2), options=Options(least_outcomes=40))
    await keeper.hear(db_pool)
    assert keeper.policy.current.evidence is not None


async def test_order_and_parts_do_not_matter(connection: Connection, db_pool: Pool):
    pairs = some_traffic(60, session_key="one")
    await publish(db_pool)
    await put(db_pool, pairs)
    await learn(connection, "aggregate")
    together = await sums(connection)
    await connection.execute(
        "TRUNCATE learning_contributions, learning_model_sums, learning_cell_sums, learning_cursors, outcomes"
    )
    for some in (pairs[40:], pairs[:10], pairs[10:40]):
        await tell(db_pool, *[sign for _, sign in reversed(some)])
        await learn(connection, "aggregate")
    assert await sums(connection) == together


async def test_a_correction_takes_back_what_was_counted(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    request = a_request(1, "good")
    told = {"source": "told", "signal": "told_outcome", "weight": 1.0}
    await put(db_pool, [(request, sign_of(request, 0.0, event_id="a", **told))])
    await learn(connection, "aggregate")
    later = request.started_at_us + 9_000_000
    await tell(db_pool, sign_of(request, 1.0, event_id="b", seen_at_us=later, **told))
    await learn(connection, "aggregate")
    corrected = await sums(connection)
    await connection.execute(
        "TRUNCATE learning_contributions, learning_model_sums, learning_cell_sums, learning_cursors, outcomes"
    )
    await tell(db_pool, sign_of(request, 1.0, event_id="b", seen_at_us=later, **told))
    await learn(connection, "aggregate")
    assert await sums(connection) == corrected


async def test_the_same_outcomes_again_change_nothing(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await put(db_pool, some_traffic(20))
    await learn(connection, "aggregate")
    before = await sums(connection)
    await connection.execute("UPDATE learning_cursors SET number = 0 WHERE name = 'outcomes'")
    told = await learn(connection, "aggregate")
    assert (told["aggregate"]["outcomes"], told["aggregate"]["changed"]) == (20, 0)
    assert await sums(connection) == before


async def test_an_outcome_that_is_there_before_its_request_is_counted_later(
    connection: Connection, db_pool: Pool
):
    await publish(db_pool)
    request = a_request(1, "good")
    await tell(db_pool, sign_of(request, 1.0))
    assert (await learn(connection, "aggregate"))["aggregate"]["changed"] == 0
    await put(db_pool, [(request, None)])
    assert (await learn(connection, "aggregate"))["aggregate"]["changed"] == 1
    assert (await learn(connection, "aggregate"))["aggregate"]["changed"] == 0


async def test_one_loud_conversation_weighs_no_more_than_its_cap(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await put(db_pool, some_traffic(200, session_key="loud"))
    await learn(connection, "aggregate", options=Options(batch=30))
    total = await connection.fetchval("SELECT sum(weight) FROM learning_contributions")
    assert total == pytest.approx(6.0)


async def test_learning_nothing_new_publishes_nothing(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await put(db_pool, some_traffic(50))
    await learn(connection, "confidence")
    again = await learn(connection, "confidence", now=NOW + timedelta(hours=1))
    assert again["confidence"]["note"] == "nothing new"
    assert await snapshots.latest_version(db_pool) == 2


async def test_an_answer_in_time_counts_for_agents_that_go_by_time(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    quick = a_request(1, "good", agent_id="timed", latency_ms=500.0)
    slow = a_request(2, "bad", agent_id="timed", latency_ms=5000.0)
    await put(db_pool, [(quick, None), (slow, None)])
    await learn(connection, "aggregate")
    rows = await connection.fetch("SELECT model, reward FROM learning_contributions ORDER BY model")
    assert [tuple(row) for row in rows] == [("bad", 0.0), ("good", 1.0)]


async def test_two_workers_at_once_learn_once(connection: Connection, db_pool: Pool, database: str):
    await publish(db_pool)
    other = await connect(database)
    assert await learned.try_lease(other)
    assert await run_due(connection, Options(), lambda: NOW) is None
    await other.close()
    ran = await run_due(connection, Options(), lambda: NOW)
    assert [(one.phase, one.error) for one in ran] == [(phase.name, None) for phase in PHASES]
    assert await run_due(connection, Options(), lambda: NOW + timedelta(minutes=29)) == []


async def test_a_bad_fit_leaves_the_running_policy(connection: Connection, db_pool: Pool, monkeypatch):
    await publish(db_pool)
    await put(db_pool, some_traffic(100))
    await learn(connection, "confidence")
    running = await publishing.latest(connection)
    bad = replace(running.evidence, centre=b"\0\0\xc0\x7f" * (len(running.evidence.centre) // 4))
    monkeypatch.setattr("pointsman.learning.jobs.confidence.fitted", lambda *_: bad)
    await put(db_pool, [(request, sign_of(request, 1.0)) for request in [a_request(500, "good")]])
    told = await learn(connection, "confidence", now=NOW + timedelta(hours=1))
    assert told["confidence"]["published"] is None
    assert (await publishing.latest(connection)).evidence == running.evidence
    assert [one["kind"] for one in await learned.alerts(connection)] == ["bad_evidence"]


async def test_a_policy_that_would_have_done_worse_leaves_the_running_one(
    connection: Connection, db_pool: Pool, monkeypatch
):
    await publish(db_pool)
    await put(db_pool, some_traffic(200))
    await learn(connection, "confidence")
    running = await publishing.latest(connection)
    mistaken = replace(running.evidence, models=running.evidence.models[::-1])
    monkeypatch.setattr("pointsman.learning.jobs.confidence.fitted", lambda *_: mistaken)
    told = await learn(connection, "confidence", now=NOW + timedelta(days=2))
    assert told["confidence"]["note"] == f"policy {running.version} stays: policy_worse"
    assert await publishing.latest(connection) == running
    assert "policy_worse" in [one["kind"] for one in await learned.alerts(connection)]


async def test_a_bad_cell_costs_its_own_evidence_and_raises_an_alert(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await put(db_pool, some_traffic(100))
    await learn(connection, "aggregate")
    await connection.execute("UPDATE learning_cell_sums SET sums = $1 WHERE model = 'bad'", b"\xff" * 8)
    await learn(connection, "confidence")
    policy = await publishing.latest(connection)
    assert Estimator(policy.evidence)
    assert set(policy.evidence.models) == {"good", "bad"}
    assert "bad_cells" in [one["kind"] for one in await learned.alerts(connection)]


async def test_what_a_gateway_lost_of_the_learned_is_published_again(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await put(db_pool, some_traffic(50))
    await learn(connection, "confidence")
    await publish(db_pool, replace(POLICY, aliases={}))
    assert (await publishing.latest(connection)).evidence is None
    assert await publishing.mend(connection, NOW) == 4
    mended = await publishing.latest(connection)
    assert mended.evidence is not None
    assert mended.aliases == {}
    assert await publishing.mend(connection, NOW) is None


@pytest.mark.parametrize("where", ["in its row", "in a row after it"])
async def test_a_policy_that_cannot_be_read_raises_an_alert_and_learning_goes_on(
    connection: Connection, db_pool: Pool, where: str
):
    await publish(db_pool)
    await put(db_pool, some_traffic(50))
    await learn(connection, "confidence")
    if where == "in its row":
        await connection.execute("UPDATE policy_snapshots SET body = substr(body, 1, 9) WHERE version = 2")
    else:
        await snapshots.publish(db_pool, b"\xc1 not a policy", "learning")
    await learn(connection, "confidence")
    stored = await snapshots.latest(connection)
    assert decode_snapshot(stored.body, stored.version).evidence is not None
    assert "bad_policy" in [one["kind"] for one in await learned.alerts(connection)]
    assert await publishing.mend(connection, NOW) is None


async def test_what_was_learned_is_mended_though_its_policy_cannot_be_read(
    connection: Connection, db_pool: Pool
):
    await publish(db_pool)
    await put(db_pool, some_traffic(50))
    await learn(connection, "confidence")
    await connection.execute("UPDATE policy_snapshots SET body = '' WHERE version = 2")
    await publish(db_pool, replace(POLICY, aliases={}))
    await publishing.mend(connection, NOW)
    assert "bad_policy" in [one["kind"] for one in await learned.alerts(connection)]
    await learn(connection, "confidence")
    assert (await publishing.latest(connection)).evidence is not None


async def test_a_rollback_holds_until_it_is_released(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await put(db_pool, some_traffic(50))
    await learn(connection, "confidence")
    answered = (await publishing.latest(connection)).answered
    assert await publishing.roll_back(connection, 1, NOW) == 3
    assert (await publishing.latest(connection)).answered == answered > 0
    await put(db_pool, [(one, sign_of(one, 1.0)) for one in [a_request(900, "good")]])
    told = await learn(connection, "confidence", now=NOW + timedelta(hours=1))
    assert told["confidence"]["note"] == "a policy is pinned"
    assert (await publishing.latest(connection)).evidence is None
    assert await publishing.release(connection) == 3
    told = await learn(connection, "confidence", now=NOW + timedelta(hours=2))
    assert told["confidence"]["published"] == 4


async def test_what_was_learned_is_in_force_again_after_a_release_although_nothing_is_new(
    connection: Connection, db_pool: Pool
):
    await publish(db_pool)
    await put(db_pool, some_traffic(50))
    await learn(connection, "confidence")
    await publishing.roll_back(connection, 1, NOW)
    await publishing.release(connection)
    await learn(connection, "confidence", now=NOW + timedelta(hours=1))
    assert (await publishing.latest(connection)).evidence is not None


async def test_a_confidence_that_falls_within_the_hour_raises_an_alert(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await put(db_pool, [(one, sign_of(one, 1.0)) for n in range(30) for one in [a_request(n, "good", 90)]])
    await learn(connection, "confidence")
    await put(db_pool, [(one, sign_of(one, 0.0)) for n in range(30, 80) for one in [a_request(n, "good", 1)]])
    await learn(connection, "confidence", now=NOW + timedelta(minutes=30))
    drops = [one for one in await learned.alerts(connection) if one["kind"] == "confidence_drop"]
    assert [(one["agent_id"], one["detail"]["model"]) for one in drops] == [("coder", "good")]


@pytest.mark.parametrize(
    ("changes", "late", "breached"),
    [
        ({"latency_slo_percentile": 90}, 2, False),
        ({"latency_slo_percentile": 90}, 3, True),
        ({"latency_slo_percentile": 99}, 1, True),
        ({"latency_slo_of": "chunk"}, 20, False),
        ({"latency_slo_of": "chunk", "latency_slo_ms": 100}, 20, True),
        ({"latency_slo_ms": None}, 20, False),
    ],
)
async def test_answers_slower_than_an_agent_wants_them_raise_an_alert(
    connection: Connection, db_pool: Pool, changes, late, breached
):
    profile = replace(POLICY.profile("timed"), **changes)
    await publish(db_pool, replace(POLICY, agents={"timed": profile}))
    streamed = {"agent_id": "timed", "time_to_first_token_ms": 100.0, "tokens_out": 11}
    times_ms = [100.0 + (2000.0 if n < late else 500.0) for n in range(20)]
    rows = [a_request(n, "good", 30, latency_ms=ms, **streamed) for n, ms in enumerate(times_ms)]
    await put(db_pool, [(row, None) for row in rows])
    for _ in range(2):
        await learn(connection, "confidence")
    found = [one for one in await learned.alerts(connection) if one["kind"] == "slo_breach"]
    assert [one["agent_id"] for one in found] == (["timed"] if breached else [])


async def test_an_agent_that_waits_for_chunks_is_not_judged_by_whole_answers(
    connection: Connection, db_pool: Pool
):
    profile = replace(POLICY.profile("timed"), latency_slo_of="chunk", latency_slo_ms=100)
    await publish(db_pool, replace(POLICY, agents={"timed": profile}))
    streamed = {"agent_id": "timed", "time_to_first_token_ms": 100.0, "tokens_out": 101}
    long = a_request(1, "good", latency_ms=5100.0, **streamed)
    slow = a_request(2, "bad", latency_ms=25100.0, **streamed)
    whole = a_request(3, "bad", latency_ms=9000.0, agent_id="timed", time_to_first_token_ms=None)
    await put(db_pool, [(one, None) for one in (long, slow, whole)])
    await learn(connection, "aggregate")
    rows = await db_pool.fetch("SELECT decision_id, label FROM outcomes ORDER BY decision_id")
    assert [tuple(row) for row in rows] == [(long.request_id, 1.0), (slow.request_id, 0.0)]


async def test_a_gateway_stays_as_old_as_it_is_after_a_quiet_month(
    connection: Connection, db_pool: Pool, tmp_path
):
    keeper = PolicyKeeper(POLICY, tmp_path / "policy")
    await keeper.publish(db_pool)
    await put(db_pool, some_traffic(200))
    await learn(connection, "daily")
    await learn(connection, "daily", now=NOW + timedelta(days=30))
    await keeper.hear(db_pool)
    assert keeper.policy.current.performance == {}
    assert keeper.policy.current.answered == 200


async def test_many_new_outcomes_are_learned_from_before_the_hour(connection: Connection, db_pool: Pool):
    await publish(db_pool)
    await run_due(connection, Options(), lambda: NOW)
    await put(db_pool, some_traffic(99))
    soon = NOW + timedelta(minutes=2)
    assert await run_due(connection, Options(), lambda: soon) == []
    await put(db_pool, [(one, sign_of(one, 1.0)) for one in [a_request(800, "good")]])
    assert [one.phase for one in await run_due(connection, Options(), lambda: soon)] == ["confidence"]


async def test_every_phase_runs_on_an_empty_database(connection: Connection):
    ran = await run_due(connection, Options(), lambda: NOW)
    assert [one.error for one in ran] == [None] * len(PHASES)
