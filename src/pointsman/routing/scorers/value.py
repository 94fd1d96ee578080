"""Quality x success x cost efficiency (seed C)."""

from collections.abc import Sequence
from math import isfinite
from typing import Final

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target, TaskPerformance
from pointsman.routing.confidence import Belief
from pointsman.routing.cost import expected_cost_usd_micros
from pointsman.routing.performance import capability_of, domain_of
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of

LEAST_TASKS: Final = 10
"""Fewer say too little: cold start (DESIGN, section 6)."""
LEAST_COST_USD: Final = 0.0001
"""What costs less counts as this, or free models would be infinitely efficient."""
MOST_PER_USD: Final = 1e18
"""The most that can be told (1e12) of what costs a micro-dollar."""
USUAL: Final = Features(agent="", requested="", dialect="", context_tokens=1000)
"""The request by whose cost efficiency is told when no value has been."""


def value_score(quality: float, success_rate: float, value_per_usd: float) -> Score:
    """The product of quality (0-10), success rate (0-1) and value per dollar. Each term is what its factor
    changes.

    >>> value_score(8.0, 0.5, 3.0).value
    12.0
    """
    successful = quality * success_rate
    return Score(
        value=successful * value_per_usd,
        own=(
            Term(name="quality", value=quality),
            Term(name="success", value=successful - quality),
            Term(name="cost_efficiency", value=successful * value_per_usd - successful),
        ),
    )


class Value(Scorer):
    """The most quality delivered per dollar, by what each model made of the same task type; with too little
    seen, by its capability and price. Where no value was told of a model, its quality per dollar stands for
    it, in the unit of what was told of the others. A loss counts as no value."""

    name = "value"

    def scores(
        self,
        targets: Sequence[Target],
        features: Features,
        snapshot: PolicySnapshot,
        beliefs: Sequence[Belief],
    ) -> list[Score]:
        """See `value_score`."""
        worth = _worth_of_quality(snapshot, features.task_type)
        return [_scored(target.model, features.task_type, snapshot, worth) for target in targets]

    def examples(self) -> tuple[ScoreExample, ...]:
        """Learned with and without a value, at a loss, and cold."""
        return (
            _example(TaskPerformance(tasks=10, success_rate=0.5, quality=8.0, value_per_usd=3.0), 12.0),
            _example(TaskPerformance(tasks=10, success_rate=0.5, quality=8.0), 8.0 * 0.5 * 8000.0),
            _example(TaskPerformance(tasks=10, success_rate=0.5, quality=8.0, value_per_usd=-3.0), 0.0),
            _example(TaskPerformance(tasks=9, success_rate=0.0, quality=0.0), 9.0 * 0.9 * 9000.0),
            _example(None, 9.0 * 0.9 * 9000.0),
        )


def _scored(model: Model, task_type: str, snapshot: PolicySnapshot, worth: float) -> Score:
    seen = _seen(snapshot, task_type, model.name)
    if seen is None:
        capability = capability_of(model, domain_of(task_type))
        quality, success_rate, told = capability / 10.0, capability / 100.0, None
    else:
        quality, success_rate, told = seen.quality, seen.success_rate, _told(seen)
    value_per_usd = quality / _cost_usd(model) * worth if told is None else told
    return value_score(quality, success_rate, value_per_usd)


def _worth_of_quality(snapshot: PolicySnapshot, task_type: str) -> float:
    """How much of the tellers' value comes with each point of quality: by the models of which a value was
    told, so that the others are measured with the same rule. 1 if there are none."""
    values = qualities = 0.0
    for name in snapshot.task_performance.get(task_type, {}):
        seen = _seen(snapshot, task_type, name)
        served = [one for one in snapshot.names.get(name, ()) if one in snapshot.targets]
        if seen is not None and served and (told := _told(seen)) is not None:
            values += told
            qualities += seen.quality / _cost_usd(snapshot.targets[served[0]].model)
    return values / qualities if values > 0.0 and qualities > 0.0 else 1.0


def _cost_usd(model: Model) -> float:
    return max(expected_cost_usd_micros(model, USUAL) / 1e6, LEAST_COST_USD)


def _told(seen: TaskPerformance) -> float | None:
    """The value per dollar that was told; None if none was, or it is no number."""
    told = seen.value_per_usd
    return None if told is None or not isfinite(told) else min(max(told, 0.0), MOST_PER_USD)


def _seen(snapshot: PolicySnapshot, task_type: str, model: str) -> TaskPerformance | None:
    """What was seen, if it is enough and can be true."""
    cell = snapshot.task_performance.get(task_type, {}).get(model)
    if cell is None or cell.tasks < LEAST_TASKS:
        return None
    return cell if 0.0 <= cell.success_rate <= 1.0 and 0.0 <= cell.quality <= 10.0 else None


def _example(seen: TaskPerformance | None, value: float) -> ScoreExample:
    model = Model(name="m1", capability={"general": 90.0}, price=Price(input_usd_micros=1_000_000))
    snapshot = shop_of(model, profile=AgentProfile(id="agent"))
    if seen is not None:
        snapshot.task_performance["P1_code_simple"] = {"m1": seen}
    features = Features(agent="agent", requested="m1", dialect="openai_chat", task_type="P1_code_simple")
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
