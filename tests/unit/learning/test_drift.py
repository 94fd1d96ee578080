"""A model that does otherwise than before is told from one that has bad luck."""

from datetime import UTC, datetime
from random import Random

import pytest
from msgspec.structs import replace

from pointsman.learning.drift import drifts_in, kept_of, shared_drifts_in, sigmas_of
from pointsman.store.drifts import Window

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def window(before: float, after: float, size: int = 20, old: int = 200, weight: float = 1.0) -> Window:
    """Means of so many outcomes before and after, each of that weight."""
    return Window(
        agent_id="coder",
        model="good",
        slice="code",
        size=size,
        since=SINCE,
        new_weight=size * weight,
        new_reward=after * size * weight,
        new_square=size * weight**2,
        old_weight=old * weight,
        old_reward=before * old * weight,
        old_square=old * weight**2,
    )


@pytest.mark.parametrize(
    ("before", "after", "size", "expected"),
    [
        (0.9, 0.3, 20, 1),  # broken
        (0.3, 0.9, 20, 1),  # mended
        (0.9, 0.75, 20, 0),  # bad luck
        (0.9, 0.75, 60, 0),  # too little to matter
        (0.9, 0.6, 60, 1),  # worse, seen in the long window
        (0.9, 0.9, 60, 0),
        (1.0, 1.0, 20, 0),
    ],
)
def test_a_change_is_a_drift_if_it_is_large_and_sure(before, after, size, expected):
    assert len(drifts_in([window(before, after, size)])) == expected


def test_a_cell_has_one_drift_that_of_its_surest_window():
    (found,) = drifts_in([window(0.9, 0.5, 20), window(0.9, 0.4, 60)])
    assert found.after_mean == pytest.approx(0.4)


def test_three_failures_in_a_row_are_bad_luck_and_five_are_not():
    assert drifts_in([window(0.8, 0.0, 3, 20)]) == []
    assert len(drifts_in([window(0.8, 0.0, 5, 20)])) == 1


def test_among_many_cells_it_takes_more_to_be_sure():
    quiet = [replace(window(0.6, 0.6), agent_id=f"a{place}") for place in range(5000)]
    lucky = replace(window(0.6, 0.22, 24), agent_id="lucky")
    assert len(drifts_in([lucky])) == 1
    assert drifts_in([lucky, *quiet]) == []


def test_sureness_does_not_hang_on_the_unit_of_weight():
    assert sigmas_of(window(0.9, 0.3, weight=0.15)) == pytest.approx(sigmas_of(window(0.9, 0.3)))


def of_agents(*pairs, size=20, old=40):
    """A shared window: what each agent's outcomes came to before and after."""
    cells = [window(before, after, size // len(pairs), old // len(pairs)) for before, after in pairs]
    return [replace(one, agent_id=f"a{place}", size=size) for place, one in enumerate(cells)]


def test_what_no_agent_sees_surely_all_see_together():
    both = of_agents((0.9, 0.4), (0.8, 0.4))
    assert drifts_in(both) == []
    assert [one.agent_id for one in shared_drifts_in(both)] == ["a0", "a1"]


def test_agents_that_take_turns_are_no_drift():
    first, second = of_agents((0.9, 0.9), (0.3, 0.3))
    mixed = [replace(first, new_weight=1.0, new_reward=0.9, new_square=1.0), second]
    assert shared_drifts_in(mixed) == []


def test_who_asked_nothing_since_has_a_part_and_who_sees_the_contrary_has_none():
    seen = of_agents((0.9, 0.2), (0.9, 0.3), size=40)
    absent = replace(seen[0], agent_id="absent", new_weight=0.0, new_reward=0.0, new_square=0.0)
    contrary = replace(window(0.5, 0.9, 2, 4), agent_id="contrary", size=40)
    found = shared_drifts_in([*seen, absent, contrary])
    assert {one.agent_id for one in found} == {"a0", "a1", "absent"}


def test_of_long_before_no_more_than_two_outcomes_are_left():
    assert kept_of(5.0) == 0.1
    assert kept_of(1000.0) * 1000.0 == pytest.approx(2.0)


def test_many_agents_with_an_outcome_each_show_no_drift_where_chance_alone_decides():
    chance = Random(1)
    cells = [
        replace(window(chance.random() < 0.7, chance.random() < 0.7, 1, 1), agent_id=f"a{n}", size=80)
        for n in range(80)
    ]
    assert shared_drifts_in(cells) == []
