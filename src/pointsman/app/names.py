"""The names by which clients may ask for a model, and the targets they mean."""

import re
from collections.abc import Mapping
from typing import Final

from pointsman.core.snapshot import Target

_DATED: Final = re.compile(r"(.+?)[-@](20\d{2}-?\d{2}-?\d{2}|latest)")


def names_of(targets: Mapping[str, Target]) -> dict[str, tuple[str, ...]]:
    """Every name with its targets, the preferred one first.

    A model's own name comes before names derived from it: without the vendor before a `/`, with or
    without Ollama's `:latest`, without a release's date (the newest release first).
    """
    names: dict[str, list[str]] = {}
    for target in targets.values():
        _note(names, target.id, target)
        _note(names, target.model.name, target)
    for derive in (_tag_forms, _vendor_forms):
        for target in targets.values():
            for name in derive(target.model.name):
                _note(names, name, target)
                _note(names, f"{target.provider}/{name}", target)
    for target in sorted(targets.values(), key=_release, reverse=True):
        for name in _undated_forms(target.model.name):
            _note(names, name, target)
            _note(names, f"{target.provider}/{name}", target)
    return {name: tuple(ids) for name, ids in names.items()}


def _note(names: dict[str, list[str]], name: str, target: Target) -> None:
    ids = names.setdefault(name, [])
    if target.id not in ids:
        ids.append(target.id)


def _tag_forms(name: str) -> tuple[str, ...]:
    if name.endswith(":latest"):
        return (name.removesuffix(":latest"),)
    return () if ":" in name else (f"{name}:latest",)


def _vendor_forms(name: str) -> tuple[str, ...]:
    vendor, _, rest = name.rpartition("/")
    return (rest,) if vendor else ()


def _undated_forms(name: str) -> tuple[str, ...]:
    """`x` and `x-latest` for a dated `x`; `x` for `x-latest`."""
    found = _DATED.fullmatch(name)
    if found is None:
        return ()
    return (found[1],) if found[2] == "latest" else (found[1], f"{found[1]}-latest")


def _release(target: Target) -> tuple[bool, str]:
    """Sorts `-latest` after every date, so that reversed it comes first."""
    found = _DATED.fullmatch(target.model.name)
    date = found[2] if found is not None else ""
    return date == "latest", date.replace("-", "")
