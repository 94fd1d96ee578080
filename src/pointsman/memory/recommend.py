"""Which agent and which model should do a task, judged by how similar tasks went.

The agent is the one that did such tasks reliably, or whose specification is nearest while it has done few.
The model is the winner of the vote (`routing.vote`); tasks of other agents count half. Without similar
tasks the agent's tier decides. Pure: what was found in the store goes in.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from pointsman.core.errors import NotPermitted
from pointsman.core.snapshot import PolicySnapshot, Target, Tier
from pointsman.routing.cost import TIER_ORDER
from pointsman.routing.gates.allow_list import listed
from pointsman.routing.names import model_of, target_of
from pointsman.routing.performance import capability_of, domain_of
from pointsman.routing.vote import PRIOR_MEAN, UNRELATED, Stand, Tried, standings, vote
from pointsman.store.agent_specs import NearAgent
from pointsman.store.model_tiers import ModelTier, tier_of
from pointsman.store.task_memory import PastTask

AgentBasis = Literal["asked", "similar_tasks", "specification", "none"]
ModelBasis = Literal["similar_tasks", "escalated", "tier", "default"]

DEFAULT_MODEL: Final = "sonnet"
"""What seed E falls back to when nothing at all is known."""
SEED_COSTS: Final = {"haiku": 1.0, "sonnet": 10.0, "opus": 100.0}
"""Seed E's costs of its three models, for when none of them is served here."""
SEED_TIERS: Final[Mapping[str, Tier]] = {"haiku": "fast", "sonnet": "medium", "opus": "large"}
OTHERS_SHARE: Final = 0.5
LEAST_WEIGHT: Final = 0.15
"""Less than one task at a similarity of 0.36 is no evidence."""
OUTPUT_SHARE: Final = 0.25
"""Of the tokens of a usual request."""


class Evidence(Struct, frozen=True, kw_only=True):
    """What the store knows about a task: similar ones, agents by how near their specification is, tiers."""

    similar: Sequence[PastTask] = ()
    near_agents: Sequence[NearAgent] = ()
    tiers: Sequence[ModelTier] = ()


class Recommendation(Struct, frozen=True, kw_only=True):
    """Who should do a task. `agent` is None when no agent is known. `model` is the name used in tasks and
    tiers, `target` what serves it here, if anything; without tasks that speak for the model, what is nearest
    by tier. `reliability`, 0 to 1, is None without similar tasks. `models` and `agents` are the rankings,
    `similar` the evidence, nearest first."""

    task_type: str
    agent: str | None
    agent_basis: AgentBasis
    model: str
    model_basis: ModelBasis
    target: str | None
    reliability: float | None
    reason: str
    models: tuple[Stand, ...]
    agents: tuple[Stand, ...]
    similar: tuple[PastTask, ...]


class _Choice(Struct, frozen=True, kw_only=True):
    model: str
    basis: ModelBasis
    reliability: float | None = None
    ranking: tuple[Stand, ...] = ()


def recommend(
    evidence: Evidence,
    snapshot: PolicySnapshot,
    *,
    task_type: str = "",
    agent: str | None = None,
    models: Sequence[str] = (),
    permitted: Sequence[str] = (),
) -> Recommendation:
    """The recommendation for a task. `agent` is given when it is settled already; `models` bounds the
    choice to those names (empty: any), `permitted` to what a key allows that names them so. Raises
    NotPermitted when that leaves none."""
    if permitted:
        snapshot, models = _within(permitted, models, evidence, snapshot)
    related = [task for task in evidence.similar if task.similarity >= UNRELATED]
    evidence = replace(evidence, similar=related)
    models = sorted(models, key=lambda name: target_of(name, snapshot) is None)
    agents = rank_agents(evidence)
    chosen, agent_basis = (agent, "asked") if agent else _first_agent(agents)
    evidence = replace(evidence, similar=_by_one_name(related, models, snapshot))
    prices = {task.assigned_model: price_of(task.assigned_model, snapshot) for task in evidence.similar}
    choice = _model(evidence, chosen, _priced(prices, evidence, snapshot), models)
    target, reason = target_of(choice.model, snapshot), _model_reason(choice, evidence)
    if target is None and not models and (target := _stand_in(choice, task_type, snapshot)) is not None:
        reason += f"; nothing here is called so, and {target.id} is the nearest by tier"
    return Recommendation(
        task_type=task_type,
        agent=chosen,
        agent_basis=agent_basis,
        model=choice.model,
        model_basis=choice.basis,
        target=target.id if target is not None else None,
        reliability=choice.reliability,
        reason=f"{_agent_reason(chosen, agent_basis, evidence)}; {reason}",
        models=choice.ranking,
        agents=tuple(agents),
        similar=tuple(related),
    )


def _stand_in(choice: _Choice, task_type: str, snapshot: PolicySnapshot) -> Target | None:
    """What serves here in place of a model of seed E that nothing here is called like: the best at such
    tasks of the nearest tier. Not where tasks speak for the model: they say nothing of another."""
    tier = SEED_TIERS.get(choice.model)
    if tier is None or choice.basis not in ("tier", "default"):
        return None
    domain, place = domain_of(task_type), TIER_ORDER[tier]
    return min(
        [target for target in snapshot.targets.values() if target.model.kind == "chat"],
        key=lambda one: (
            abs(TIER_ORDER[one.model.tier] - place),
            -capability_of(one.model, domain),
            one.id,
        ),
        default=None,
    )


def rank_agents(evidence: Evidence) -> list[Stand]:
    """The agents, best first: by how reliably they did similar tasks, of which the nearness of their
    specification is the prior. Names are compared without case. A failure of those who are made for such
    tasks does not send them to somebody who has nothing to do with them."""
    priors = {near.agent_name: min(max(near.similarity, 0.0), 1.0) for near in evidence.near_agents}
    names = {name.upper(): name for name in priors}
    tried = [
        Tried(
            name=names.setdefault(task.agent_used.upper(), task.agent_used),
            success=float(task.success),
            similarity=task.similarity,
        )
        for task in evidence.similar
    ]
    stands = standings(tried, priors).values()
    found = [one for one in stands if one.weight >= LEAST_WEIGHT or one.name in priors]
    nearest = max([priors.get(one.name, 0.0) for one in found if one.weight >= LEAST_WEIGHT], default=0.0)

    def is_stranger(one: Stand) -> bool:
        """Whether it neither did such tasks nor is made for them more than one that did."""
        return one.weight < LEAST_WEIGHT and priors[one.name] < min(nearest, UNRELATED)

    return sorted(found, key=lambda one: (is_stranger(one), -one.reliability, -one.weight, one.name))


def price_of(name: str, snapshot: PolicySnapshot) -> float | None:
    """Micro-dollars for a million tokens, a quarter of them output; None for a model nobody serves here."""
    target = target_of(name, snapshot)
    if target is None:
        return None
    price = target.model.price
    return price.input_usd_micros * (1 - OUTPUT_SHARE) + price.output_usd_micros * OUTPUT_SHARE


def _by_one_name(
    similar: Sequence[PastTask], models: Sequence[str], snapshot: PolicySnapshot
) -> list[PastTask]:
    """The tasks with one name for each model, which some may name in full and others by a part: the name in
    `models`, else that of the nearest task."""
    names: dict[str, str] = {}
    for name in (*models, *[task.assigned_model for task in similar]):
        names.setdefault(model_of(name, snapshot), name)
    return [replace(task, assigned_model=names[model_of(task.assigned_model, snapshot)]) for task in similar]


def _within(
    permitted: Sequence[str], models: Sequence[str], evidence: Evidence, snapshot: PolicySnapshot
) -> tuple[PolicySnapshot, Sequence[str]]:
    """The policy with the permitted targets alone, and which of the `models` (of all, if none are named)
    these serve, the cheapest first."""
    within = replace(
        snapshot,
        targets={name: target for name, target in snapshot.targets.items() if listed(target, permitted)},
    )
    known = models or {
        *[tier.default_model for tier in evidence.tiers],
        *[task.assigned_model for task in evidence.similar],
        *[target.model.name for target in within.targets.values()],
    }
    prices = {name: price_of(name, within) for name in known}
    found = sorted([(price, name) for name, price in prices.items() if price is not None])
    if not found:
        raise NotPermitted("None of the models that are served is permitted to this API key.", param="models")
    return within, [name for _, name in found]


def _priced(
    found: Mapping[str, float | None], evidence: Evidence, snapshot: PolicySnapshot
) -> Mapping[str, float]:
    """The prices that are known, those of the tiers' models too; seed E's costs when none is."""
    names = {tier.default_model for tier in evidence.tiers}
    every = {**{name: price_of(name, snapshot) for name in names}, **found}
    known = {name: price for name, price in every.items() if price is not None}
    return known or SEED_COSTS


def _first_agent(agents: Sequence[Stand]) -> tuple[str | None, AgentBasis]:
    if not agents:
        return None, "none"
    best = agents[0]
    return best.name, "similar_tasks" if best.weight >= LEAST_WEIGHT else "specification"


def _model(
    evidence: Evidence, agent: str | None, prices: Mapping[str, float], allowed: Sequence[str]
) -> _Choice:
    tried = [
        Tried(
            name=task.assigned_model,
            success=float(task.success),
            similarity=task.similarity,
            share=1.0 if agent is None or task.agent_used.upper() == agent.upper() else OTHERS_SHARE,
        )
        for task in evidence.similar
        if not allowed or task.assigned_model in allowed
    ]
    ranking = tuple([one for one in vote(tried, prices) if one.weight >= LEAST_WEIGHT])
    if not ranking:
        return _by_tier(evidence, agent, allowed)
    best = ranking[0]
    if best.reliability >= PRIOR_MEAN:
        return _Choice(model=best.name, basis="similar_tasks", reliability=best.reliability, ranking=ranking)
    return _escalated(ranking, evidence, prices, allowed)


def _by_tier(evidence: Evidence, agent: str | None, allowed: Sequence[str]) -> _Choice:
    tier = tier_of(agent, evidence.tiers) if agent else None
    if tier is not None and (not allowed or tier.default_model in allowed):
        return _Choice(model=tier.default_model, basis="tier")
    default = DEFAULT_MODEL if not allowed or DEFAULT_MODEL in allowed else allowed[0]
    return _Choice(model=default, basis="default")


def _escalated(
    ranking: tuple[Stand, ...], evidence: Evidence, prices: Mapping[str, float], allowed: Sequence[str]
) -> _Choice:
    """All that were tried mostly failed: the cheapest untried model that is dearer than the best of them."""
    failed = {one.name: one for one in ranking}
    best = ranking[0]
    floor = prices.get(best.name, 0.0)
    names = set(allowed) or {tier.default_model for tier in evidence.tiers}
    dearer = [name for name in names if name not in failed and name in prices and prices[name] > floor]
    if not dearer:
        return _Choice(model=best.name, basis="similar_tasks", reliability=best.reliability, ranking=ranking)
    return _Choice(
        model=min(dearer, key=lambda name: (prices[name], name)), basis="escalated", ranking=ranking
    )


def _agent_reason(agent: str | None, basis: AgentBasis, evidence: Evidence) -> str:
    if basis == "specification":
        nearness = {near.agent_name: near.similarity for near in evidence.near_agents}
        near = nearness[agent or ""]
        among = "" if near == max(nearness.values()) else "of those who did not fail at similar tasks, "
        return f"{among}{agent}'s specification is nearest (similarity {near:.2f})"
    return {
        "asked": f"{agent} was asked for",
        "similar_tasks": f"{agent} did similar tasks most reliably",
        "none": "no agent is known",
    }[basis]


def _model_reason(choice: _Choice, evidence: Evidence) -> str:
    known = "what is known of similar tasks is too little" if evidence.similar else "no similar task is known"
    if choice.basis == "tier":
        return f"{known}, and {choice.model} is the agent's tier"
    if choice.basis == "default":
        return f"{known}, and no tier that may be taken, so {choice.model} is the default"
    best = choice.ranking[0]
    tasks = f"{best.tasks} similar task{'' if best.tasks == 1 else 's'}"
    if choice.basis == "escalated":
        return (
            f"{best.name} mostly failed at {tasks} (reliability {best.reliability:.2f}), "
            f"so {choice.model} is next by price"
        )
    others = " and is the cheapest as reliable" if len(choice.ranking) > 1 else ""
    return f"{best.name} did {tasks} with reliability {best.reliability:.2f}{others}"
