"""The product's own pieces, set up for one file: targets at their mean price, one agent, one alias."""

import numpy as np
from bench.routing.data import Outcomes
from msgspec.structs import replace

from pointsman.core.features import Features
from pointsman.core.money import Price
from pointsman.core.posterior import Posterior
from pointsman.core.snapshot import AgentProfile, Alias, Model, PolicySnapshot, Target
from pointsman.learning.frames import BETTER_FROM
from pointsman.memory.embed import EMBEDDING, SURFACE
from pointsman.routing.cost import EXPECTED_OUTPUT_TOKENS
from pointsman.routing.engine import Router
from pointsman.routing.evidence import (
    FitOptions,
    Frame,
    Statistics,
    fit,
    fit_geometry,
    plain_geometry,
)

AGENT = "bench"
FINE = 1000.0
"""Costs are scaled up by this, so that rounding to whole micro-dollars does not blur small ones."""


def snapshot_of(
    models: list[str], costs_usd: np.ndarray, profile: AgentProfile, evidence: Posterior | None
) -> PolicySnapshot:
    """A snapshot in which a request costs what the model's requests cost on average."""
    targets = {}
    for name, cost in zip(models, costs_usd, strict=True):
        price = Price(output_usd_micros=round(float(cost) * FINE * 1e12 / EXPECTED_OUTPUT_TOKENS))
        target = Target(
            id=f"bench/{name}",
            provider="bench",
            model=Model(name=name, price=price),
            upstream_model=name,
            dialects=("openai_chat",),
        )
        targets[target.id] = target
    return PolicySnapshot(
        version=1,
        targets=targets,
        names={target.model.name: (identity,) for identity, target in targets.items()},
        aliases={"auto": Alias(name="auto", objective=profile.objective)},
        agents={AGENT: profile},
        default_agent=profile,
        evidence=evidence,
    )


def profile_of(objective: str, **fields: object) -> AgentProfile:
    """The bench's agent. Unless told otherwise it has no gate, so that the objective alone decides, and tries
    nothing out."""
    usual = {"id": AGENT, "objective": objective, "gate": 0.0, "fallback": (), "exploration": 0.0}
    return AgentProfile(**(usual | fields))


def asked(vector: np.ndarray, seed: int = 0) -> Features:
    """The features of a prompt."""
    data = vector.astype("<f4").tobytes()
    return Features(agent=AGENT, requested="auto", dialect="openai_chat", seed=seed, vector=data)


def learned(outcomes: Outcomes, rows: np.ndarray, models: list[int]) -> Posterior:
    """What the product learns from all answers of `models` to the prompts `rows`."""
    frame = Frame(fit_geometry(outcomes.vectors[rows], EMBEDDING, version=1))
    inputs, statistics = frame.inputs_of(outcomes.vectors[rows]), Statistics(frame.size, 1)
    for model in models:
        keys = [(AGENT, outcomes.models[model], "")] * len(rows)
        statistics.add_rows(keys, inputs, outcomes.scores[rows, model])
    return fit(statistics, frame, options=FitOptions(steps=30))


class Learner:
    """Learns online as the phases do: observations are added as they come, the posterior is fitted anew when
    there are 5 % more, and the geometry when there are as many as the product waits for."""

    def __init__(self, models: list[str], profile: AgentProfile) -> None:
        self._models, self._profile = models, profile
        self._frame = Frame(plain_geometry(EMBEDDING, SURFACE))
        self._statistics = Statistics(self._frame.size, 0)
        self._seen: list[tuple[str, np.ndarray, float]] = []
        self._next_fit, self._better_from = 10, list(BETTER_FROM)
        self._posterior: Posterior | None = None
        self._publish()

    def choose(self, vector: np.ndarray, seed: int) -> str:
        """The model that the product would send this prompt to."""
        return self._router.decide(asked(vector, seed)).target.removeprefix("bench/")

    def tell(self, model: str, vector: np.ndarray, reward: float) -> None:
        """Takes an outcome in."""
        self._seen.append((model, vector, reward))
        inputs = self._frame.inputs_of(vector[None, :])
        self._statistics.add_rows([(AGENT, model, "")], inputs, np.array([reward]))
        if self._better_from and len(self._seen) >= self._better_from[0]:
            self._new_geometry()
        if len(self._seen) >= self._next_fit:
            self._next_fit = len(self._seen) + max(10, len(self._seen) // 20)
            start = self._posterior.components if self._posterior is not None else {}
            steps = 4 if start else 12
            self._posterior = fit(self._statistics, self._frame, options=FitOptions(start=start, steps=steps))
            self._publish()

    def _new_geometry(self) -> None:
        del self._better_from[0]
        vectors = np.array([vector for _, vector, _ in self._seen])
        self._frame = Frame(fit_geometry(vectors, EMBEDDING, version=len(self._seen)))
        self._statistics = Statistics(self._frame.size, len(self._seen))
        keys = [(AGENT, model, "") for model, _, _ in self._seen]
        rewards = np.array([reward for _, _, reward in self._seen])
        self._statistics.add_rows(keys, self._frame.inputs_of(vectors), rewards)

    def _publish(self) -> None:
        costs = np.zeros(len(self._models))
        self._router = Router(snapshot_of(self._models, costs, self._profile, self._posterior))


def routed(snapshot: PolicySnapshot, vectors: np.ndarray, **profile: object) -> list[str]:
    """The model chosen for each prompt when the agent's profile has these fields."""
    agent = replace(snapshot.default_agent, **profile)
    router = Router(replace(snapshot, agents={AGENT: agent}, default_agent=agent))
    return [router.decide(asked(vector)).target.removeprefix("bench/") for vector in vectors]
