"""What to assume of a model by its name: the table `models.toml`, and the size that a name tells."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from pointsman.core.features import Need
from pointsman.core.snapshot import Tier

F = TypeVar("F")


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of `models.toml`; `served` False leaves its models out of the catalogue."""

    tier: Tier | UnsetType = UNSET
    kind: Literal["chat", "embedding"] | UnsetType = UNSET
    capability: dict[str, float] = field(default_factory=dict)
    abilities: tuple[str, ...] | UnsetType = UNSET
    context_window_tokens: int | UnsetType = UNSET
    max_output_tokens: int | UnsetType = UNSET
    served: bool | UnsetType = UNSET


class Facts(Struct, frozen=True, kw_only=True):
    """What is assumed of one model. `abilities` is a bit set of `Need`; token figures are 0 if unknown;
    `known` tells whether any entry of the table is about it."""

    tier: Tier
    kind: Literal["chat", "embedding"]
    capability: dict[str, float]
    abilities: int
    context_window_tokens: int = 0
    max_output_tokens: int = 0
    served: bool = True
    known: bool = True


_UNKNOWN: Final = ("tools", "images", "json_schema", "thinking")
"""A model nobody knows is taken to be able: a wrong yes shows in the provider's own error, a wrong no would
keep requests from a model that can do them."""
_CURVE: Final = ((1.5, 25.0), (4.5, 42.0), (9.5, 54.0), (16.0, 60.0), (36.0, 67.0), (80.0, 74.0))
"""Billions of parameters up to which a model of unknown family has which general capability."""
_BEYOND_CURVE: Final = 79.0
_FAMILY_BONUS: Final = 10.0
"""How much a known family may be better than its size says."""
_SIZE: Final = re.compile(r"(?<![\w.])(?:(\d+)x)?e?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_SMALL: Final = re.compile(r"mini|small|lite|nano|flash|tiny|fast|instant|turbo|haiku")
_BIG: Final = re.compile(r"large|pro(?![a-z])|max|ultra|opus|plus")
_WILD: Final = re.compile(r"\[[^\]]*\]|[*?]")


@lru_cache(maxsize=8192)
def facts_of(name: str, provider: str = "", *, parameters_b: float | None = None) -> Facts:
    """What to assume of the model `name` at `provider`. `parameters_b` is its size in billions of
    parameters, if the provider said so; else the name is asked.

    >>> facts_of("claude-opus-5").tier, facts_of("somebody-7b").tier, facts_of("mxbai-embed-large").kind
    ('large', 'fast', 'embedding')
    """
    matches = matching(table(), name, provider)
    size_b = parameters_b or size_in_name(name)
    if not matches:
        return _guess(name, size_b)
    merged = merge([family for _, family in matches])
    kind = merged.kind or "chat"
    tier: Tier = merged.tier or "medium"
    capability = merged.capability or {"general": 50.0}
    if size_b is not None and kind == "chat" and not any(size_in_name(p) for p, _ in matches):
        tier, capability = tier_of_size(size_b), _capped(capability, size_b)
    return Facts(
        tier=tier,
        kind=kind,
        capability=capability,
        abilities=abilities_bits(merged.abilities or ()),
        context_window_tokens=merged.context_window_tokens or 0,
        max_output_tokens=merged.max_output_tokens or 0,
        served=merged.served is not False,
    )


@cache
def table() -> dict[str, Family]:
    """The built-in table."""
    text = files("pointsman.app").joinpath("models.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Family])


def matching(patterns: Mapping[str, F], name: str, provider: str) -> list[tuple[str, F]]:
    """The entries whose pattern fits the model, the least specific first."""
    whole = name.lower()
    forms = {whole, whole.rpartition("/")[2], f"{provider}/{whole}"}
    found = [
        (pattern, entry)
        for pattern, entry in patterns.items()
        if any(fnmatchcase(form, pattern.lower()) for form in forms)
    ]
    return sorted(found, key=lambda match: _specificity(match[0]))


def merge(entries: Iterable[Family]) -> Family:
    """One entry of several, the later ones winning key by key; an entry's `capability` replaces the
    earlier one whole."""
    merged: dict[str, Any] = {}
    for entry in entries:
        for key in entry.__struct_fields__:
            value = getattr(entry, key)
            if value is not UNSET and value != {}:
                merged[key] = value
    return Family(**merged)


def abilities_bits(names: Iterable[str]) -> int:
    """Ability words as a bit set of `Need`. Raises KeyError for unknown words."""
    bits = 0
    for name in names:
        bits |= Need[name.upper()]
    return int(bits)


def size_in_name(name: str) -> float | None:
    """Billions of parameters that a name tells of; of a mixture, one expert's times their number.

    >>> [size_in_name(n) for n in ("llama3.1:8b", "mixtral-8x7b", "smollm2-135m", "gpt-4o", "v1.5b2")]
    [8.0, 56.0, 0.135, None, None]
    """
    found = _SIZE.search(name.lower().replace("-", " ").replace(":", " ").replace("_", " "))
    if found is None:
        return None
    size = float(found[2]) * (int(found[1]) if found[1] else 1)
    return size / 1000 if found[3] == "m" else size


def tier_of_size(size_b: float) -> Tier:
    """Up to 16 billion parameters fast, up to 80 medium, else large."""
    if size_b <= 16:
        return "fast"
    return "medium" if size_b <= 80 else "large"


def _guess(name: str, size_b: float | None) -> Facts:
    low = name.lower()
    tier: Tier = "medium"
    general = 60.0
    if size_b is not None:
        tier, general = tier_of_size(size_b), _capability_of_size(size_b)
    elif _SMALL.search(low):
        tier, general = "fast", 55.0
    elif _BIG.search(low):
        tier, general = "large", 70.0
    return Facts(
        tier=tier,
        kind="chat",
        capability={"general": general},
        abilities=abilities_bits(_UNKNOWN),
        known=False,
    )


def _capped(capability: dict[str, float], size_b: float) -> dict[str, float]:
    """A family's capability, lowered to what a model of that size can have."""
    most = _capability_of_size(size_b) + _FAMILY_BONUS
    general = capability.get("general", most)
    if general <= most:
        return capability
    return {domain: round(points * most / general, 1) for domain, points in capability.items()}


def _capability_of_size(size_b: float) -> float:
    return next((points for limit_b, points in _CURVE if size_b <= limit_b), _BEYOND_CURVE)


def _specificity(pattern: str) -> int:
    return len(_WILD.sub("", pattern))
