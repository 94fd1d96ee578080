"""When a confidence has dropped."""

from datetime import UTC, datetime

import pytest

from pointsman.learning.jobs.scores import has_dropped
from pointsman.store.learned import Score


@pytest.mark.parametrize(
    ("before", "now", "observations", "dropped"),
    [
        (0.90, 0.70, 20.0, True),
        (0.90, 0.73, 20.0, False),
        (0.90, 0.70, 2.0, False),
        (0.70, 0.90, 20.0, False),
        (0.00, 0.00, 20.0, False),
        (0.04, 0.01, 20.0, False),
    ],
)
def test_a_fifth_less_than_before_is_a_drop_if_there_was_something_to_lose(
    before, now, observations, dropped
):
    score = Score(
        agent_id="coder",
        model="good",
        score=now,
        deviation=0.05,
        observations=observations,
        reference_score=before,
        reference_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    assert has_dropped(score) is dropped
