"""What differs between two policies, in words and figures for people."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct, to_builtins

from pointsman.core.posterior import Posterior
from pointsman.core.snapshot import PolicySnapshot
from pointsman.routing.evidence import Estimator

LEAST_SHIFT: Final = 0.005
MOST_AGENTS: Final = 50
FACTS: Final = ("targets", "aliases", "agents")


class PolicyChange(Struct, frozen=True, kw_only=True):
    """One difference: of what kind (`target`, `alias`, `agent`, `adaptive`, `model`, `level`,
    `agent_model`, `performance`), what it is called, and how it was and is. None: not there."""

    kind: str
    name: str
    before: Any
    after: Any


def changes_between(old: PolicySnapshot, new: PolicySnapshot) -> list[PolicyChange]:
    """All that differs: first what is configured, then what was learned."""
    found = [
        one for fact in FACTS for one in _entries(fact[:-1] if fact != "aliases" else "alias", old, new, fact)
    ]
    found += _fields("agent", "default", old.default_agent, new.default_agent)
    found += _fields("adaptive", "adaptive", old.adaptive, new.adaptive)
    return [*found, *_learned(old.evidence, new.evidence), *_performance(old, new)]


def _entries(kind: str, old: PolicySnapshot, new: PolicySnapshot, fact: str) -> Iterable[PolicyChange]:
    before, after = getattr(old, fact), getattr(new, fact)
    for name in sorted({*before, *after}):
        if name in before and name in after:
            yield from _fields(kind, name, before[name], after[name])
        else:
            there = name in after
            yield PolicyChange(
                kind=kind, name=name, before=None if there else "there", after="there" if there else None
            )


def _fields(kind: str, name: str, before: Any, after: Any) -> Iterable[PolicyChange]:
    """The fields in which two values of a type differ."""
    if before == after:
        return
    was, is_now = to_builtins(before), to_builtins(after)
    for field in is_now:
        if was[field] != is_now[field]:
            yield PolicyChange(kind=kind, name=f"{name}.{field}", before=was[field], after=is_now[field])


def _learned(old: Posterior | None, new: Posterior | None) -> Iterable[PolicyChange]:
    was, is_now = _common(old), _common(new)
    yield from _shifts("model", was, is_now)
    yield from _shifts("level", dict(old.components) if old else {}, dict(new.components) if new else {})
    if old is not None and new is not None:
        shifted = [one for agent in sorted({*old.agents, *new.agents}) for one in _of_agent(agent, old, new)]
        shifted.sort(key=lambda one: (-abs((one.after or 0.0) - (one.before or 0.0)), one.name))
        yield from shifted[:MOST_AGENTS]


def _shifts(kind: str, was: Mapping[str, float], is_now: Mapping[str, float]) -> Iterable[PolicyChange]:
    for name in sorted({*was, *is_now}):
        before, after = was.get(name), is_now.get(name)
        if before is None or after is None or abs(after - before) >= LEAST_SHIFT:
            yield PolicyChange(kind=kind, name=name, before=before, after=after)


def _common(posterior: Posterior | None) -> dict[str, float]:
    """Everyone's success rate of each model."""
    if posterior is None or not posterior.models:
        return {}
    estimator = Estimator(posterior)
    models = posterior.models
    rates = estimator.estimate("", estimator.inputs(b""), models, [0.0] * len(models)).common
    return {model: round(rate, 4) for model, rate in zip(models, rates, strict=True)}


def _of_agent(agent: str, old: Posterior, new: Posterior) -> Iterable[PolicyChange]:
    if old.agents.get(agent) == new.agents.get(agent) and old.models == new.models:
        return ()
    return _shifts("agent_model", _own(agent, old), _own(agent, new))


def _own(agent: str, posterior: Posterior) -> dict[str, float]:
    """What an agent's own evidence adds to each model's rate."""
    models = posterior.models
    if not models:
        return {}
    estimator = Estimator(posterior)
    shares = estimator.estimate(agent, estimator.inputs(b""), models, [0.0] * len(models)).agent
    return {f"{agent}/{model}": round(share, 4) for model, share in zip(models, shares, strict=True) if share}


def _performance(old: PolicySnapshot, new: PolicySnapshot) -> Iterable[PolicyChange]:
    """How everyone's figures changed, by target."""
    before, after = old.performance.get("", {}), new.performance.get("", {})
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            was, is_now = before.get(name), after.get(name)
            yield PolicyChange(
                kind="performance",
                name=name,
                before=None if was is None else to_builtins(was),
                after=None if is_now is None else to_builtins(is_now),
            )
