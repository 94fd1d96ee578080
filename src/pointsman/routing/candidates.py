"""Who may serve a name: the targets behind a model's name, an alias, or an agent that may be routed."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from msgspec import Struct

from pointsman.core.errors import NoTarget, NotFound
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Alias, PolicySnapshot, Target
from pointsman.routing.gates.base import shown
from pointsman.routing.gates.capability import kind_of

GROUPS: Final = frozenset(["*", "local", "external"])
"""Entries of a profile's `fallback` that are no provider's name."""
LATEST: Final = ":latest"
"""The tag that Ollama's clients give to a name without one."""
MAX_NEAR_NAMES: Final = 5
LEAST_LIKENESS: Final = 0.2


class Candidates(Struct, frozen=True, kw_only=True):
    """Whom a request may go to. When `concrete`, `targets` serve the model asked for, in the order to try
    them, and `others` are those at providers which the profile's fallback names; else any of `targets`
    may be chosen by score."""

    concrete: bool
    objective: str
    targets: tuple[Target, ...]
    others: tuple[Target, ...] = ()


def candidates_of(features: Features, snapshot: PolicySnapshot, profile: AgentProfile) -> Candidates:
    """The candidates for `features.requested`. An alias comes before a model of the same name, and also
    answers to its name with Ollama's `:latest`, unless a model bears that name. Raises `NotFound` for
    unknown names and `NoTarget` for names that nobody serves."""
    name = features.requested
    alias = _alias(name, snapshot)
    if alias is not None:
        objective = alias.objective or profile.objective
        found = Candidates(concrete=False, objective=objective, targets=_of_alias(alias, snapshot))
    else:
        found = _of_model(features, snapshot, profile)
    if not found.targets:
        raise NoTarget(f"no provider serves {shown(name)!r} yet; `pointsman doctor` says what is missing")
    return found


def check_name(name: str, snapshot: PolicySnapshot) -> None:
    """Raises `NotFound` for a name that stands for no alias and no model."""
    if _alias(name, snapshot) is None and not _serving(name, snapshot) and name not in snapshot.names:
        raise NotFound(_unknown(name, snapshot), param="model", code="model_not_found")


def _alias(name: str, snapshot: PolicySnapshot) -> Alias | None:
    alias = snapshot.aliases.get(name)
    if alias is None and name.endswith(LATEST) and not _serving(name, snapshot):
        return snapshot.aliases.get(name.removesuffix(LATEST))
    return alias


def _of_alias(alias: Alias, snapshot: PolicySnapshot) -> tuple[Target, ...]:
    """Vectors of different models cannot be compared, so an alias for embeddings stands for one model:
    the first there is, wherever it is served."""
    if alias.candidates:
        ids = [found for name in alias.candidates for found in _serving(name, snapshot)]
        found = _targets(dict.fromkeys(ids), snapshot)
    else:
        found = _of_kind(alias.kind, snapshot)
    if alias.kind == "embedding":
        found = tuple([target for target in found if target.model.name == found[0].model.name])
    return found


def _of_model(features: Features, snapshot: PolicySnapshot, profile: AgentProfile) -> Candidates:
    name = features.requested
    check_name(name, snapshot)
    ids = _serving(name, snapshot)
    asked = _targets(ids, snapshot)
    if any(target.model.kind == "embedding" for target in asked):
        return Candidates(concrete=True, objective=profile.objective, targets=asked)
    if profile.route_concrete:
        every = _of_kind(kind_of(features.needs), snapshot)
        return Candidates(concrete=False, objective=profile.objective, targets=every)
    named = [entry for entry in profile.fallback if entry not in GROUPS]
    others = (
        [t for t in snapshot.targets.values() if t.provider in named and t.id not in ids] if named else []
    )
    return Candidates(
        concrete=True,
        objective=profile.objective,
        targets=asked,
        others=tuple(others),
    )


def _serving(name: str, snapshot: PolicySnapshot) -> tuple[str, ...]:
    return (name,) if name in snapshot.targets else snapshot.names.get(name, ())


def _targets(ids: Iterable[str], snapshot: PolicySnapshot) -> tuple[Target, ...]:
    return tuple([snapshot.targets[identity] for identity in ids if identity in snapshot.targets])


def _of_kind(kind: str, snapshot: PolicySnapshot) -> tuple[Target, ...]:
    return tuple([target for target in snapshot.targets.values() if target.model.kind == kind])


def _unknown(name: str, snapshot: PolicySnapshot) -> str:
    near = near_names(name[:200], {*snapshot.aliases, *snapshot.names})
    meant = f"; did you mean {', '.join(near)}?" if near else "."
    return f"there is no model {shown(name)!r}{meant} `GET /v1/models` lists all names"


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Up to five of the `known` names that share the most letter triples with `name`, nearest first.

    >>> near_names("gpt4o", ["gpt-4o", "claude-opus-5", "gpt-4o-mini"])
    ['gpt-4o', 'gpt-4o-mini']
    """
    asked = _triples(name)
    likeness = {other: _likeness(asked, _triples(other)) for other in known}
    near = [other for other, value in likeness.items() if value >= LEAST_LIKENESS]
    return sorted(near, key=lambda other: (-likeness[other], other))[:MAX_NEAR_NAMES]


def _likeness(one: frozenset[str], two: frozenset[str]) -> float:
    shared = len(one & two)
    return shared / (len(one) + len(two) - shared)


@lru_cache(maxsize=4096)
def _triples(name: str) -> frozenset[str]:
    letters = f"  {''.join([c for c in name.lower() if c.isalnum()])} "
    return frozenset([letters[i : i + 3] for i in range(len(letters) - 2)])
