"""What the log knows of a target, that it answered and how fast, together with how good its answers were."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from pointsman.core.snapshot import Performance, Target
from pointsman.routing.evidence import Statistics
from pointsman.routing.performance import EVERYONE

PRIOR_WEIGHT: Final = 1.0
"""Whole answers count as good until outcomes say otherwise; that belief weighs as much as one outcome."""

Table = Mapping[str, Mapping[str, Performance]]


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


def _sums(statistics: Statistics) -> dict[tuple[str, str], tuple[float, float]]:
    """Weight and weighted reward by agent and model, and of everyone."""
    sums: dict[tuple[str, str], tuple[float, float]] = {}
    for (agent, model, _), row in statistics.cells.items():
        for key in {(agent, model), (EVERYONE, model)}:
            weight, reward = sums.get(key, (0.0, 0.0))
            sums[key] = (weight + max(float(row[0]), 0.0), reward + max(float(row[-1]), 0.0))
    return sums
