"""Agents nobody uses, and agents with too much to do."""

from pointsman.memory.usage import overloaded, unused
from pointsman.store.model_tiers import ModelTier
from pointsman.store.task_memory import Used


def tier(name):
    return ModelTier(agent_name=name, default_model="sonnet", updated_us=0)


def did(name, tasks=1, rate=1.0):
    return Used(agent_used=name, task_count=tasks, success_rate=rate, avg_duration_ms=None)


def test_agents_with_a_tier_or_a_specification_that_did_nothing_are_unused():
    assert unused([tier("DBA"), tier("QA")], ["QA", "COOK"], [did("QA")]) == ["COOK", "DBA"]


def test_names_are_compared_without_case():
    assert unused([tier("DBA")], ["DBA"], [did("dba")]) == []


def test_a_tier_for_many_is_used_by_any_of_them():
    assert unused([tier("COORD_*")], [], [did("COORD_WEB")]) == []
    assert unused([tier("COORD_*")], [], [did("COOK")]) == ["COORD_*"]


def test_overloaded_is_more_than_50_tasks_and_less_than_80_percent_success():
    busy = [did("A", 51, 0.79), did("B", 50, 0.1), did("C", 500, 0.8), did("D", 60, 0.2)]
    assert [one.agent_used for one in overloaded(busy)] == ["D", "A"]


def test_the_limits_can_be_set():
    assert [one.agent_used for one in overloaded([did("A", 6, 0.89)], tasks=5, success_rate=0.9)] == ["A"]
