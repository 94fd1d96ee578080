"""Every scorer in the table, held to every check. A new scorer is taken in by being in the table."""

from math import isfinite
from random import Random
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pointsman.core.snapshot import AgentProfile, Alias, Objective, Performance, PolicySnapshot
from pointsman.routing.engine import decide
from pointsman.routing.scorers import SCORERS

EXAMPLES = [(scorer, example) for scorer in SCORERS.values() for example in scorer.examples()]
NAMES = [f"{scorer.name}-{number}" for number, (scorer, _) in enumerate(EXAMPLES)]
every_example = pytest.mark.parametrize(("scorer", "example"), EXAMPLES, ids=NAMES)

CELLS = st.builds(Performance, requests=st.integers(), success_rate=st.floats(), latency_ms=st.floats())


def score(scorer, example, snapshot=None):
    snapshot = snapshot or example.snapshot
    return scorer.score(snapshot.targets[example.target_id], example.features, snapshot)


@every_example
def test_a_scorer_gives_its_known_values(scorer, example):
    assert score(scorer, example).value == pytest.approx(example.value)


@every_example
def test_the_terms_add_up_to_the_score(scorer, example):
    found = score(scorer, example)
    assert sum(term.value for term in found.terms) == pytest.approx(found.value, abs=1e-9)
    assert len({term.name for term in found.terms}) == len(found.terms)


@every_example
def test_a_scorer_is_deterministic(scorer, example):
    assert score(scorer, example) == score(scorer, example)


@every_example
def test_a_score_survives_the_snapshots_way_through_json(scorer, example):
    read = msgspec.json.decode(msgspec.json.encode(example.snapshot), type=PolicySnapshot)
    assert score(scorer, example, read) == score(scorer, example)


@every_example
@given(own=CELLS, pooled=CELLS, capability=st.floats())
def test_a_score_is_finite_whatever_the_snapshot_holds(scorer, example, own, pooled, capability):
    target = example.snapshot.targets[example.target_id]
    model = replace(target.model, capability={"general": capability})
    snapshot = replace(
        example.snapshot,
        targets={target.id: replace(target, model=model)},
        performance={example.features.agent: {target.id: own}, "": {target.id: pooled}},
    )
    found = score(scorer, example, snapshot)
    assert isfinite(found.value)
    assert all(isfinite(term.value) for term in found.terms)


@every_example
@given(st.randoms(use_true_random=False))
def test_the_order_of_candidates_is_irrelevant(scorer, example, random: Random):
    target = example.snapshot.targets[example.target_id]
    copies = [replace(target, id=f"{name}/m1", provider=name) for name in "abcde"]
    candidates = [*copies, target]
    random.shuffle(candidates)
    alias = Alias(name="some", candidates=tuple([one.id for one in candidates]), objective=scorer.name)
    snapshot = replace(
        example.snapshot,
        targets={one.id: one for one in candidates},
        aliases={"some": alias},
        default_agent=AgentProfile(id="default", gate=0.0),
    )
    decision = decide(replace(example.features, requested="some"), snapshot)
    scores = {one.id: scorer.score(one, example.features, snapshot).value for one in candidates}
    best = sorted(scores, key=lambda identity: (-round(scores[identity], 6), identity))
    assert decision.target == best[0]


def test_a_scorer_stands_in_the_table_under_its_name():
    assert all(name == scorer.name for name, scorer in SCORERS.items())


def test_the_configuration_can_ask_for_every_scorer_and_for_nothing_else():
    assert set(get_args(Objective)) == set(SCORERS)
