"""A gateway that is told nothing learns from its traffic which model serves each agent best, and learns anew
when the models change (bench/world). Cold, it decides by capability and price; a stale agent is like all."""

from pathlib import Path

import numpy as np
import pytest
from bench.world.course import Done, course, share, share_of_all
from bench.world.truth import best_value
from msgspec.structs import replace
from tests.conftest import MakeDatabase
from tests.unit.routing.routing_world import asks, model, target, world

from pointsman.core.snapshot import AgentProfile, Alias
from pointsman.routing.confidence import beliefs_of, estimator_of
from pointsman.routing.engine import decide
from pointsman.routing.evidence import FitOptions, Frame, Observation, Statistics, fit, plain_geometry
from pointsman.store import migrate
from pointsman.store.pool import connect

SEED, REQUESTS, LEARNED = 1, 400, 0.90
"""After 300 requests of each agent, the next 100 have to go to the models of best value, before the drift and
after: all work counts, also what was explored with and what another model took over."""
FRAME = Frame(plain_geometry(1, 1))
DAY_S = 86_400.0


async def test_told_nothing_it_learns_each_agents_models_and_learns_anew_after_the_drift(
    make_database: MakeDatabase, tmp_path: Path
):
    dsn = await make_database()
    connection = await connect(dsn)
    await migrate.migrate(connection)
    await connection.close()
    seen = await course(dsn, tmp_path, SEED, REQUESTS)
    begin, learned = share_of_all(seen, 0, 100), share_of_all(seen, REQUESTS - 100, REQUESTS)
    shaken = share_of_all(seen, REQUESTS, REQUESTS + 100)
    recovered = share_of_all(seen, 2 * REQUESTS - 100, 2 * REQUESTS)
    assert learned >= LEARNED > begin
    assert recovered >= LEARNED > shaken
    assert by_agent(seen, "payments", "data", 0, REQUESTS) >= 0.7
    assert by_agent(seen, "drafts", "data", 0, REQUESTS) >= 0.7
    assert best_value("payments", "data", drifted=False) != best_value("drafts", "data", drifted=False)


def by_agent(seen: list[Done], agent: str, domain: str, first: int, last: int) -> float:
    found = share(seen, agent, domain, first, last)
    assert found is not None
    return found


SHOPS = (
    target("shop", model("small", 60.0, 1)),
    target("shop", model("middle", 75.0, 5)),
    target("shop", model("large", 90.0, 25)),
)


@pytest.mark.parametrize(
    ("gate", "chosen", "reason"),
    [
        (0.5, "small", "cheapest_reliable"),
        (0.7, "middle", "cheapest_reliable"),
        (0.8, "large", "cheapest_reliable"),
        (0.95, "large", "gate_unmet"),
    ],
)
def test_cold_it_takes_the_cheapest_whose_capability_meets_the_gate(gate: float, chosen: str, reason: str):
    profile = AgentProfile(id="a", gate=gate)
    snapshot = world(*SHOPS, agents=(profile,), aliases=(Alias(name="auto"),))
    decision = decide(asks("auto", agent="a"), snapshot)
    assert (decision.target, decision.reason_code) == (f"shop/{chosen}", reason)


def test_a_stale_agent_returns_to_the_common_baseline_as_computed_by_hand():
    """Levels held fast, so that the sum can be done by hand: with variances a (agent) and s (kind of task)
    and noise n, w outcomes of one kind, faded to w * 0.9**days, move an agent by (mean of its own outcomes
    less the common rate) * k / (k + n / (a + s)), where k is what is left of w."""
    agent, kind, noise = 0.02, 0.01, 0.20
    common = [_outcome(f"other-{place % 200}", float(place // 200 % 2)) for place in range(2_000)]
    own = [_outcome("a", 1.0) for _ in range(20)]
    for days in (0, 10, 100):
        statistics = Statistics(FRAME.size)
        statistics.add([*common, *own])
        statistics.seen_s = {"a": 0.0}
        posterior = fit(statistics, FRAME, now_s=days * DAY_S, options=FitOptions(steps=0))
        snapshot = replace(world(SHOPS[0]), evidence=posterior)
        (belief,) = beliefs_of([SHOPS[0]], asks("auto", agent="a"), snapshot, estimator_of(snapshot))
        left = 20 * 0.9**days
        moved = (1.0 - belief.common) * left / (left + noise / (agent + kind))
        assert belief.agent == pytest.approx(moved, abs=0.02)
    assert belief.confidence == pytest.approx(belief.common, abs=0.001)


def _outcome(agent: str, reward: float) -> Observation:
    return Observation(agent=agent, model="small", slice="", inputs=np.array([1.0, 0.0, 0.0]), reward=reward)
