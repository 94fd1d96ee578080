"""The immutable, versioned facts a decision is made from. Built by configuration and learning,
swapped in whole; one that no router can be made for never replaces a running one."""

from typing import Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from pointsman.core.money import Price
from pointsman.core.posterior import Posterior

Tier = Literal["fast", "medium", "large"]
Objective = Literal["reliable", "worth", "explore", "adaptive", "value", "similar"]


class Model(Struct, frozen=True, kw_only=True):
    """What is served. `capability` is 0-100 per domain (`general` always present); `abilities` is a bit
    set of `core.features.Need`; `context_window_tokens` 0 means unknown (the gate lets it pass)."""

    name: str
    tier: Tier = "medium"
    price: Price = Price()
    capability: dict[str, float] = field(default_factory=lambda: {"general": 50.0})
    abilities: int = 0
    context_window_tokens: int = 0
    max_output_tokens: int = 0
    kind: Literal["chat", "embedding"] = "chat"
    created_s: int = 0


class Target(Struct, frozen=True, kw_only=True):
    """A model at a provider. `id` is `provider/model`; `upstream_model` the provider's own name for it;
    `dialects` what that provider speaks, the first being the one we translate to. `local` targets run on
    the operator's own machines (the fallback groups `local` and `external` tell them apart)."""

    id: str
    provider: str
    model: Model
    upstream_model: str
    dialects: tuple[str, ...]
    local: bool = False


class Performance(Struct, frozen=True, kw_only=True):
    """Observed behaviour of a target for an agent: `success_rate` 0-1, mean `latency_ms`."""

    requests: int
    success_rate: float
    latency_ms: float


class TaskPerformance(Struct, frozen=True, kw_only=True):
    """What a model made of one task type (seed C): how many `tasks`, and moving averages of their
    `success_rate` (0-1), `quality` (0-10), and `value_per_usd`, None when it is undetermined (no value told,
    or no cost)."""

    tasks: int
    success_rate: float
    quality: float
    value_per_usd: float | None = None


class AdaptiveConfig(Struct, frozen=True, kw_only=True):
    """Weights and thresholds of the adaptive scorer (seed D)."""

    capability_weight: float = 0.60
    success_rate_weight: float = 0.25
    latency_weight: float = 0.15
    min_acceptable_success_rate: float = 0.90
    max_acceptable_latency_ms: float = 500.0
    min_requests_for_performance: int = 10

    def __post_init__(self) -> None:
        """Refuses weights that do not sum to 1 (within 0.01), negative ones, thresholds of 0 or less, and a
        success rate above 1, which would halve every score."""
        weights = (self.capability_weight, self.success_rate_weight, self.latency_weight)
        if min(weights) < 0:
            raise ValueError("adaptive weights must not be negative")
        if not abs(sum(weights) - 1.0) <= 0.01 + 1e-12:  # so written, NaN is refused too
            raise ValueError(f"adaptive weights must sum to 1.0 (within 0.01), got {sum(weights):.3f}")
        if not (self.min_acceptable_success_rate > 0 and self.max_acceptable_latency_ms > 0):
            raise ValueError("adaptive thresholds must be positive")
        if self.min_acceptable_success_rate > 1:
            rate = self.min_acceptable_success_rate
            raise ValueError(f"min_acceptable_success_rate must be at most 1 (0.9 is 90 %), got {rate:g}")
        if self.min_requests_for_performance <= 0:
            raise ValueError("min_requests_for_performance must be positive")


class Alias(Struct, frozen=True, kw_only=True):
    """A name clients ask for. `candidates` are target ids or model names; empty means every
    model of its `kind`. Without an `objective` of its own it has that of the agent who asks."""

    name: str
    candidates: tuple[str, ...] = ()
    objective: Objective | None = None
    kind: Literal["chat", "embedding"] = "chat"


class Shadow(Struct, frozen=True, kw_only=True):
    """How much of an agent's work is also given to a cheaper model, to compare: a `share` (0-1) of its
    requests, for at most `daily_budget_usd_micros` a day, the answers compared by `judge`, an alias or a
    model."""

    share: float
    daily_budget_usd_micros: int
    judge: str


class AgentProfile(Struct, frozen=True, kw_only=True):
    """A caller. `gate` is its confidence threshold T; `fallback` ordered provider names or groups
    (`local`, `external`, `*` = any) allowed after the first choice, empty = none;
    `route_concrete` lets its requests for a concrete model be routed elsewhere; `latency_slo_ms` with
    `latency_slo_percentile` is its target for `latency_slo_of`, a whole answer or one chunk of a stream;
    `anonymous` agents are logged under a keyed hash; `log_requests=False` keeps only cost.
    `feedback_weight` is how much its feedback counts in what all agents share: 1 like any other's, 0 not
    at all. `worth_usd_micros` is what a success is worth (objectives `worth`, `explore`); `exploration` the
    share of requests that may be spent on learning (objectives `reliable`, `explore`); `silence_decay` the
    share of the agent's own evidence that fades per day of silence. `shadow` is None for agents whose
    requests nobody else gets to see."""

    id: str
    gate: float = 0.70
    fallback: tuple[str, ...] = ("*",)
    objective: Objective = "reliable"
    route_concrete: bool = False
    latency_slo_ms: int | None = None
    latency_slo_percentile: int = 99
    latency_slo_of: Literal["answer", "chunk"] = "answer"
    success_signal: str = "implicit"
    tiers: tuple[Tier, ...] = ()
    allowed_models: tuple[str, ...] = ()
    daily_budget_usd_micros: int | None = None
    log_requests: bool = True
    anonymous: bool = False
    feedback_weight: float = 1.0
    worth_usd_micros: int = 10_000
    exploration: float = 0.03
    silence_decay: float = 0.10
    shadow: Shadow | None = None


class PolicySnapshot(Struct, frozen=True, kw_only=True):
    """All a decision reads besides the request's features.

    `performance` maps agent id -> target id -> Performance; `names` maps every name a client
    may use for a concrete model (with and without provider, Ollama tags) to target ids in order of
    preference. `evidence` is what learning has found out of models and agents; None before there is any.
    `task_performance` maps task type -> model -> TaskPerformance. `answered` is how many requests of all
    agents learning knows of: by it agents explore more while a gateway is new.
    """

    version: int
    targets: dict[str, Target]
    names: dict[str, tuple[str, ...]]
    aliases: dict[str, Alias]
    agents: dict[str, AgentProfile]
    default_agent: AgentProfile
    adaptive: AdaptiveConfig = AdaptiveConfig()
    performance: dict[str, dict[str, Performance]] = field(default_factory=dict)
    evidence: Posterior | None = None
    task_performance: dict[str, dict[str, TaskPerformance]] = field(default_factory=dict)
    answered: int = 0

    def profile(self, agent: str) -> AgentProfile:
        """The agent's profile, or the default one."""
        return self.agents.get(agent) or self.default_agent


UNNUMBERED = 0
"""The version inside a snapshot's bytes: the store gives the number."""
_encoder = msgspec.msgpack.Encoder(order="sorted")
_decoder = msgspec.msgpack.Decoder(PolicySnapshot)


def encode_snapshot(snapshot: PolicySnapshot) -> bytes:
    """The bytes under which a snapshot is stored, the same for equal facts, without its number."""
    return _encoder.encode(replace(snapshot, version=UNNUMBERED))


def decode_snapshot(body: bytes, version: int) -> PolicySnapshot:
    """The snapshot stored under a number. Raises `msgspec.ValidationError` or `msgspec.DecodeError`."""
    return replace(_decoder.decode(body), version=version)


def with_learned(own: PolicySnapshot, published: PolicySnapshot) -> PolicySnapshot:
    """What is configured here, with what learning has found out and published."""
    return replace(
        own,
        evidence=published.evidence,
        performance=published.performance,
        task_performance=published.task_performance,
        answered=published.answered,
    )
