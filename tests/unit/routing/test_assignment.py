from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.routing.routing_world import model, seen, target, world

from pointsman.core.snapshot import AgentProfile
from pointsman.routing.assignment import assign

TARGETS = [target("shop", model(name, 80.0)) for name in ("a", "b", "c")]
IDS = [one.id for one in TARGETS]
AGENTS = ["ann", "bob", "cy", "dot"]
CELLS = st.builds(seen, st.just(50), st.floats(0.9, 1.0), st.floats(0, 500))
TABLES = st.fixed_dictionaries({who: st.fixed_dictionaries(dict.fromkeys(IDS, CELLS)) for who in AGENTS})
ROOM = st.fixed_dictionaries(dict.fromkeys(IDS, st.integers(0, 3)))


def picked(result):
    return {one.agent_id: one.model_id for one in result.assignments}


def best_possible(table, room):
    """The best (number placed, total score) over all placements, by trying them all."""

    def worth(cell):
        return 48.0 + 25.0 * cell.success_rate + 0.15 * (100.0 - cell.latency_ms / 10.0)

    best = (0, 0.0)
    for choice in product([None, *IDS], repeat=len(AGENTS)):
        if all(choice.count(one) <= room[one] for one in IDS):
            placed = [table[who][one] for who, one in zip(AGENTS, choice, strict=True) if one]
            best = max(best, (len(placed), sum(map(worth, placed))))
    return best


@given(TABLES, ROOM)
@settings(max_examples=60, deadline=None)
def test_no_other_placement_scores_higher(table, room):
    result = assign(AGENTS, IDS, world(*TARGETS, performance=table), room)
    placed, total = best_possible(table, room)
    assert len(result.assignments) == placed
    assert sum(one.performance_score for one in result.assignments) == pytest.approx(total)
    assert all(list(picked(result).values()).count(one) <= room[one] for one in IDS)


@given(TABLES, st.permutations(AGENTS), st.permutations(IDS))
@settings(max_examples=40, deadline=None)
def test_the_order_of_agents_and_targets_makes_no_difference(table, agents, ids):
    snapshot = world(*TARGETS, performance=table)
    assert assign(agents, ids, snapshot) == assign(AGENTS, IDS, snapshot)


def test_without_capacities_the_load_is_shared_evenly():
    counts = list(picked(assign([f"agent{n}" for n in range(9)], IDS, world(*TARGETS))).values())
    assert [counts.count(one) for one in IDS] == [3, 3, 3]


def test_agents_for_whom_nothing_is_left_are_told():
    result = assign(["x", "y"], ["shop/a"], world(*TARGETS), {"shop/a": 1})
    assert (picked(result), result.unassigned) == ({"x": "shop/a"}, ("y",))


def test_an_agent_gets_only_what_it_may_use():
    snapshot = world(*TARGETS, agents=(AgentProfile(id="ann", allowed_models=("c",)),))
    assert picked(assign(["ann", "bob", "cy"], IDS, snapshot))["ann"] == "shop/c"


def test_nothing_to_assign_is_no_error():
    assert assign(["x"], ["unknown"], world(*TARGETS)).unassigned == ("x",)
    assert assign([], IDS, world(*TARGETS)).assignments == ()
