"""A model that does otherwise than before is told from one that has bad luck."""

from datetime import UTC, datetime

import pytest

from pointsman.learning.drift import drifts_in, sigmas_of
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


def test_sureness_does_not_hang_on_the_unit_of_weight():
    assert sigmas_of(window(0.9, 0.3, weight=0.15)) == pytest.approx(sigmas_of(window(0.9, 0.3)))
