"""What the log knows of a target, that it answered and how fast, together with how good its answers were."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from pointsman.core.snapshot import Performance, PolicySnapshot, Target, TaskPerformance
from pointsman.routing.evidence import Statistics
from pointsman.routing.names import model_of
from pointsman.routing.performance import EVERYONE

PRIOR_WEIGHT: Final = 1.0
"""Whole answers count as good until outcomes say otherwise; that belief weighs as much as one outcome."""

Table = Mapping[str, Mapping[str, Performance]]
TaskTable = Mapping[str, Mapping[str, TaskPerformance]]


def with_quality(
    performance: Table, statistics: Statistics, targets: Mapping[str, Target]
) -> dict[str, dict[str, Performance]]:
    """The success rates, of answers that came, times the mean reward of those whose outcome is known."""
    sums = _sums(statistics)
    found: dict[str, dict[str, Performance]] = {}
    for agent, cells in performance.items():
        found[agent] = {}
        for name, cell in cells.items():
            model = targets[name].model.name if name in targets else name.partition("/")[2]
            weight, reward = sums.get((agent, model), (0.0, 0.0))
            quality = (reward + PRIOR_WEIGHT) / (weight + PRIOR_WEIGHT)
            rate = min(max(cell.success_rate * quality, 0.0), 1.0)
            found[agent][name] = replace(cell, success_rate=rate)
    return found


def by_model(performance: TaskTable, policy: PolicySnapshot) -> dict[str, dict[str, TaskPerformance]]:
    """What was made of each type of task, by the full names of models: tasks may name one by a part of its
    name, and one model in several ways."""
    found: dict[str, dict[str, TaskPerformance]] = {}
    for task_type, cells in performance.items():
        same: dict[str, list[TaskPerformance]] = {}
        for name, cell in cells.items():
            same.setdefault(model_of(name, policy), []).append(cell)
        found[task_type] = {model: _together(some) for model, some in sorted(same.items())}
    return found


def _together(cells: Sequence[TaskPerformance]) -> TaskPerformance:
    if len(cells) == 1:
        return cells[0]
    tasks = sum([cell.tasks for cell in cells])
    told = [(cell.tasks, cell.value_per_usd) for cell in cells if cell.value_per_usd is not None]
    return TaskPerformance(
        tasks=tasks,
        success_rate=sum([cell.tasks * cell.success_rate for cell in cells]) / tasks,
        quality=sum([cell.tasks * cell.quality for cell in cells]) / tasks,
        value_per_usd=sum([n * value for n, value in told]) / sum([n for n, _ in told]) if told else None,
    )


def _sums(statistics: Statistics) -> dict[tuple[str, str], tuple[float, float]]:
    """Weight and weighted reward by agent and model, and of everyone."""
    sums: dict[tuple[str, str], tuple[float, float]] = {}
    for (agent, model, _), row in statistics.cells.items():
        for key in {(agent, model), (EVERYONE, model)}:
            weight, reward = sums.get(key, (0.0, 0.0))
            sums[key] = (weight + max(float(row[0]), 0.0), reward + max(float(row[-1]), 0.0))
    return sums
