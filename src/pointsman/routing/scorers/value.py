"""Quality x success x cost efficiency (seed C)."""

from math import isfinite
from typing import Final

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target, TaskPerformance
from pointsman.routing.cost import expected_cost_usd_micros
from pointsman.routing.performance import capability_of, domain_of
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of

LEAST_TASKS: Final = 10
"""Fewer say too little: cold start (DESIGN, section 6)."""
LEAST_COST_USD: Final = 0.0001
"""What costs less counts as this, or free models would be infinitely efficient."""
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
    seen, by its capability and price. Where no value was told, quality per dollar stands for it."""

    name = "value"

    def score(self, target: Target, features: Features, snapshot: PolicySnapshot) -> Score:
        """See `value_score`."""
        model = target.model
        cost_usd = max(expected_cost_usd_micros(model, USUAL) / 1e6, LEAST_COST_USD)
        seen = _seen(snapshot, features.task_type, model.name)
        if seen is None:
            capability = capability_of(model, domain_of(features.task_type))
            return value_score(capability / 10.0, capability / 100.0, capability / 10.0 / cost_usd)
        told = seen.value_per_usd
        if told is None or not isfinite(told) or told < 0.0:
            told = seen.quality / cost_usd
        return value_score(seen.quality, seen.success_rate, told)

    def examples(self) -> tuple[ScoreExample, ...]:
        """Learned with and without a value, and cold."""
        return (
            _example(TaskPerformance(tasks=10, success_rate=0.5, quality=8.0, value_per_usd=3.0), 12.0),
            _example(TaskPerformance(tasks=10, success_rate=0.5, quality=8.0), 8.0 * 0.5 * 8000.0),
            _example(TaskPerformance(tasks=9, success_rate=0.0, quality=0.0), 9.0 * 0.9 * 9000.0),
            _example(None, 9.0 * 0.9 * 9000.0),
        )


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
