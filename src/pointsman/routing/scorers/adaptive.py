"""Capability, success rate and latency, weighed; the adaptive score of seed D."""

from typing import Final

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import AdaptiveConfig, Model, Performance, PolicySnapshot, Target
from pointsman.core.snapshot import AgentProfile as Profile
from pointsman.routing.performance import capability_of, domain_of, performance_of
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer

LOW_SUCCESS_PENALTY: Final = 0.50
HIGH_LATENCY_PENALTY: Final = 0.20


class AdaptiveScore(Score, frozen=True, kw_only=True):
    """A score with the figures it was made from.

    `capability_score` and `performance_score` (the final score) are 0-100 and `performance_adjustment`
    is their difference; `success_rate` (0-1) and `avg_latency_ms` are None without enough requests, when
    the capability alone is the score.
    """

    capability_score: float
    performance_score: float
    performance_adjustment: float
    has_performance_data: bool
    success_rate: float | None = None
    avg_latency_ms: float | None = None


def latency_points(latency_ms: float, max_acceptable_ms: float) -> float:
    """100 for no latency, 50 at the acceptable limit, 0 from twice the limit on.

    >>> [latency_points(ms, 500.0) for ms in (0, 120, 250, 450, 500, 1000, 9000)]
    [100.0, 88.0, 75.0, 55.0, 50.0, 0.0, 0.0]
    """
    return max(100.0 - latency_ms / (2.0 * max_acceptable_ms) * 100.0, 0.0)


def adaptive_score(
    capability: float, performance: Performance | None, config: AdaptiveConfig
) -> AdaptiveScore:
    """The score of a capability (0-100) and what was observed, if enough was.

    >>> seen = Performance(requests=100, success_rate=0.99, latency_ms=120.0)
    >>> round(adaptive_score(85.0, seen, AdaptiveConfig()).value, 2)
    88.95
    """
    if performance is None or performance.requests < config.min_requests_for_performance:
        return AdaptiveScore(
            value=capability,
            own=(Term(name="capability", value=capability),),
            capability_score=capability,
            performance_score=capability,
            performance_adjustment=0.0,
            has_performance_data=False,
        )
    terms = _terms(capability, performance, config)
    value = sum([term.value for term in terms])
    return AdaptiveScore(
        value=value,
        own=terms,
        capability_score=capability,
        performance_score=value,
        performance_adjustment=value - capability,
        has_performance_data=True,
        success_rate=performance.success_rate,
        avg_latency_ms=performance.latency_ms,
    )


def _terms(capability: float, seen: Performance, config: AdaptiveConfig) -> tuple[Term, ...]:
    """The weighed parts, and each penalty as what it takes from the sum so far (so both take 60 %)."""
    points = latency_points(seen.latency_ms, config.max_acceptable_latency_ms)
    terms = [
        Term(name="capability", value=capability * config.capability_weight),
        Term(name="success", value=seen.success_rate * 100.0 * config.success_rate_weight),
        Term(name="latency", value=points * config.latency_weight),
    ]
    left = sum([term.value for term in terms])
    if seen.success_rate < config.min_acceptable_success_rate:
        terms.append(Term(name="low_success", value=-left * LOW_SUCCESS_PENALTY))
        left -= left * LOW_SUCCESS_PENALTY
    if seen.latency_ms > config.max_acceptable_latency_ms:
        terms.append(Term(name="high_latency", value=-left * HIGH_LATENCY_PENALTY))
    return tuple(terms)


class Adaptive(Scorer):
    """Scores by the capability for the task's domain and by how the target did for the agent, else for
    everyone."""

    name = "adaptive"

    def score(self, target: Target, features: Features, snapshot: PolicySnapshot) -> AdaptiveScore:
        """The adaptive score, 0-100."""
        capability = capability_of(target.model, domain_of(features.task_type))
        seen = performance_of(snapshot, features.agent, target.id)
        return adaptive_score(capability, seen, snapshot.adaptive)

    def examples(self) -> tuple[ScoreExample, ...]:
        """The worked numbers of seed D, and the cases around them."""
        return (
            _example(85.0, Performance(requests=100, success_rate=0.99, latency_ms=120.0), 88.95),
            _example(88.0, Performance(requests=100, success_rate=0.60, latency_ms=450.0), 38.025),
            _example(80.0, Performance(requests=10, success_rate=0.50, latency_ms=1000.0), 24.2),
            _example(85.0, Performance(requests=9, success_rate=0.0, latency_ms=9000.0), 85.0),
            _example(85.0, None, 85.0),
        )


def _example(capability: float, seen: Performance | None, value: float) -> ScoreExample:
    model = Model(name="m1", capability={"general": 1.0, "code": capability})
    target = Target(
        id="shop/m1", provider="shop", model=model, upstream_model="m1", dialects=("openai_chat",)
    )
    snapshot = PolicySnapshot(
        version=1,
        targets={target.id: target},
        names={"m1": (target.id,)},
        aliases={},
        agents={},
        default_agent=Profile(id="default"),
        performance={"agent": {target.id: seen}} if seen is not None else {},
    )
    features = Features(agent="agent", requested="m1", dialect="openai_chat", task_type="P1_code_simple")
    return ScoreExample(target_id=target.id, features=features, snapshot=snapshot, value=value)
