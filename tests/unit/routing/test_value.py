"""The scorer `value`: told values and quality per dollar are measured with one rule."""

import pytest
from msgspec.structs import replace
from tests.unit.routing.routing_world import SHOPS

from pointsman.core.features import Features
from pointsman.core.snapshot import TaskPerformance
from pointsman.routing.scorers import SCORERS

TYPE = "P1_code_simple"


def scores(*known):
    """Of models alike in all but what is known of them."""
    first = next(one for one in SHOPS.targets.values() if one.model.kind == "chat")
    names = [f"m{place}" for place in range(len(known))]
    twins = [replace(first, id=f"shop/{name}", model=replace(first.model, name=name)) for name in names]
    cells = {name: cell for name, cell in zip(names, known, strict=True) if cell is not None}
    snapshot = replace(
        SHOPS,
        targets={one.id: one for one in twins},
        names={one.model.name: (one.id,) for one in twins},
        task_performance={TYPE: cells},
    )
    asked = Features(agent="a", requested="auto", dialect="openai_chat", task_type=TYPE)
    return [SCORERS["value"].score(one, asked, snapshot).value for one in twins]


def seen(value=None, quality=8.0):
    return TaskPerformance(tasks=10, success_rate=0.9, quality=quality, value_per_usd=value)


@pytest.mark.parametrize("value", [0.001, 12.0, 1e9])
def test_no_model_wins_by_the_unit_in_which_the_others_value_is_told(value):
    first, second = scores(seen(value), seen())
    assert first == pytest.approx(second)


def test_of_two_told_values_the_higher_wins():
    first, second = scores(seen(5.0), seen(7.0))
    assert first < second


def test_who_delivered_a_loss_does_not_win_over_who_is_not_known():
    first, second = scores(seen(-5.0), None)
    assert (first, second > 0.0) == (0.0, True)


def test_without_any_told_value_quality_per_dollar_decides():
    first, second = scores(seen(quality=9.0), seen(quality=6.0))
    assert first > second


def test_what_quality_is_worth_is_also_told_by_those_whose_work_was_worth_nothing():
    nothing, something, untold = scores(seen(0.0), seen(10.0), seen())
    assert (nothing, untold) == (0.0, pytest.approx(something / 2))
