"""Success rates know of outcomes."""

import numpy as np
import pytest
from tests.unit.routing.routing_world import SHOPS, seen

from pointsman.core.snapshot import TaskPerformance
from pointsman.learning.quality import by_model, with_quality
from pointsman.routing.evidence import Statistics


def rated(rewards, agent="coder"):
    """The success rates of a target that answers eight of ten requests, given its answers' rewards."""
    statistics = Statistics(1)
    if rewards:
        keys = [(agent, "gpt-x", "code")] * len(rewards)
        statistics.add_rows(keys, np.ones((len(rewards), 1)), np.array(rewards))
    cells = {"openai/gpt-x": seen(success_rate=0.8)}
    found = with_quality({"coder": cells, "": cells}, statistics, SHOPS.targets)
    return [found[who]["openai/gpt-x"].success_rate for who in ("coder", "")]


def test_answers_without_outcomes_count_as_good():
    assert rated([]) == [0.8, 0.8]


def test_outcomes_lower_the_rate_of_the_agent_and_of_everyone():
    assert rated([0.0] * 9) == pytest.approx([0.08, 0.08])


def test_another_agents_outcomes_lower_everyones_rate_only():
    assert rated([0.0] * 9, agent="other") == pytest.approx([0.8, 0.08])


def test_a_model_is_known_by_its_full_name_however_tasks_name_it():
    whole = TaskPerformance(tasks=3, success_rate=1.0, quality=8.0, value_per_usd=4.0)
    part = TaskPerformance(tasks=1, success_rate=0.0, quality=4.0)
    other = TaskPerformance(tasks=1, success_rate=0.5, quality=5.0)
    told = {"P1_code_simple": {"gpt-x": whole, "openai/gpt-x": part, "abacus": other}}
    together = TaskPerformance(tasks=4, success_rate=0.75, quality=7.0, value_per_usd=4.0)
    assert by_model(told, SHOPS) == {"P1_code_simple": {"abacus": other, "gpt-x": together}}
