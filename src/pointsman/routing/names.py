"""What the models that people name are here. Tasks and tiers name a model in full, or by a part of its name
(`haiku`)."""

from functools import lru_cache

from pointsman.core.snapshot import PolicySnapshot, Target


def has_part(model: str, wanted: str) -> bool:
    """Whether `wanted` is a whole part of a model's name.

    >>> has_part("claude-haiku-4-5", "Haiku"), has_part("claude-haiku-4-5", "hai")
    (True, False)
    """
    return bool(wanted) and wanted.lower() in _parts(model)


@lru_cache(maxsize=4096)
def _parts(model: str) -> frozenset[str]:
    return frozenset(model.lower().replace("/", "-").replace(".", "-").replace(":", "-").split("-"))


def target_of(name: str, snapshot: PolicySnapshot) -> Target | None:
    """What serves a model here: by its id or name, else the newest model whose name has `name` as a part,
    such as `haiku`; None when nothing does."""
    if name in snapshot.targets:
        return snapshot.targets[name]
    for identity in snapshot.names.get(name, ()):
        if identity in snapshot.targets:
            return snapshot.targets[identity]
    fitting = [target for target in snapshot.targets.values() if has_part(target.model.name, name)]
    return max(fitting, key=lambda target: (target.model.created_s, target.id), default=None)


def model_of(name: str, snapshot: PolicySnapshot | None) -> str:
    """The full name of the model that `name` means here, under which it is learned of; `name` itself when
    nothing serves it."""
    target = target_of(name, snapshot) if snapshot is not None else None
    return name if target is None else target.model.name
