"""The page of `pointsman.toml`: keys, types and defaults from the schema, meanings from the example file."""

import re
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, UNSET, Meta, Struct, UnsetType

from pointsman.app.config import EXAMPLE
from pointsman.app.config import schema as tables
from pointsman.app.runtime import AT_START
from pointsman.core.snapshot import AdaptiveConfig
from reference_blocks import first_sentence, table

SECTIONS: tuple[tuple[str, type[Struct]], ...] = (
    ("server", tables.Server),
    ("database", tables.Database),
    ("providers.NAME", tables.ProviderConfig),
    ('models."PATTERN"', tables.ModelConfig),
    ("aliases.NAME", tables.AliasConfig),
    ("agents.NAME", tables.AgentConfig),
    ("adaptive", AdaptiveConfig),
    ("local", tables.Local),
    ("memory", tables.Memory),
    ("learning", tables.Learning),
    ("log", tables.Log),
)
RESTART_SECTIONS = frozenset({"database", "local"})
RESTART_KEYS = frozenset({*AT_START, "drain_timeout_s", "level", "embedder"})
ADAPTIVE_TAKES = {
    "min_acceptable_success_rate": "a number above 0, at most 1",
    "max_acceptable_latency_ms": "a number of milliseconds above 0",
    "min_requests_for_performance": "a whole number above 0",
}
_HEAD = re.compile(r"#?\[([a-z]+)[^\]]*\]$")
_KEY = re.compile(r"#([a-z_]+) = ")


def key_table() -> str:
    """Every section with its keys."""
    meanings = _meanings()
    parts = []
    for name, section in SECTIONS:
        top = name.partition(".")[0]
        rows = [_row(top, section, field, meanings) for field in msgspec.structs.fields(section)]
        about = first_sentence(section.__doc__).removeprefix(f"`[{name}]`: ")
        parts.append(f"## [{name}]\n\n{about[:1].upper()}{about[1:]}\n\n" + table(_HEADS, rows))
    shadows = [
        _row("shadow", tables.ShadowConfig, f, meanings) for f in msgspec.structs.fields(tables.ShadowConfig)
    ]
    parts.append(f"## shadow in [agents.NAME]\n\n{tables.ShadowConfig.__doc__}\n\n" + table(_HEADS, shadows))
    prices = [
        _row("price", tables.PriceConfig, f, meanings) for f in msgspec.structs.fields(tables.PriceConfig)
    ]
    parts.append(
        f'## price_usd_per_million in [models."PATTERN"]\n\n{tables.PriceConfig.__doc__}\n\n'
        + table(_HEADS, prices)
    )
    return "\n\n".join(parts)


_HEADS = ("key", "takes", "default", "meaning")
_PRICES = {
    "input": "Tokens of the prompt.",
    "output": "Tokens of the answer.",
    "cached_input": "Prompt tokens read from the provider's cache. Not set: as `input`.",
    "cache_write": "Prompt tokens written into the provider's cache. Not set: as `input`.",
}


_SHADOW = {
    "share": "The share of requests, chosen by their ids.",
    "daily_budget_usd": "US dollars a day (from 00:00 UTC) for the further answers and their judge.",
    "judge": "The alias or the model that compares the answers, without being told whose they are.",
}
_WRITTEN_HERE = {"price": _PRICES, "shadow": _SHADOW}


def _row(
    top: str, section: type[Struct], field: Any, meanings: dict[tuple[str, str], str]
) -> tuple[str, ...]:
    hint = get_type_hints(section, include_extras=True)[field.name]
    takes = ADAPTIVE_TAKES.get(field.name) or _takes(hint)
    meaning = _WRITTEN_HERE[top].get(field.name) if top in _WRITTEN_HERE else meanings.get((top, field.name))
    if meaning is None:
        raise ValueError(f"explain {field.name} under [{top}] in pointsman.example.toml")
    if top in RESTART_SECTIONS or (top in ("server", "log", "memory") and field.name in RESTART_KEYS):
        meaning += " **At the next start.**"
    return f"`{field.name}`", takes, _default(field), meaning


def _default(field: Any) -> str:
    if field.default is NODEFAULT and field.default_factory is NODEFAULT:
        return "needed"
    value = field.default if field.default is not NODEFAULT else field.default_factory()
    if value is UNSET or value is None:
        return ""
    if value in ((), {}):
        return "none"
    return f"`{msgspec.json.encode(value).decode()}`"


def _takes(hint: Any) -> str:
    """What a value must be, in words."""
    origin = get_origin(hint)
    if origin is Annotated:
        told = [meta.description for meta in get_args(hint)[1:] if isinstance(meta, Meta)]
        return str(told[0])
    if origin is Literal:
        return "one of " + ", ".join([f"`{choice}`" for choice in get_args(hint)])
    if origin is tuple:
        return "a list; each " + _takes(get_args(hint)[0])
    if origin is dict:
        return "a table; each value " + _takes(get_args(hint)[1])
    if origin is not None and (origin is Union or str(origin) == "<class 'types.UnionType'>"):
        return _takes(next(part for part in get_args(hint) if part not in (UnsetType, type(None))))
    return {bool: "`true` or `false`", str: "text", float: "a number from 0 to 1"}.get(
        hint, "a table, see below"
    )


def _meanings() -> dict[tuple[str, str], str]:
    """The comment over each key of the example file. A key right below another shares its comment."""
    found: dict[tuple[str, str], str] = {}
    section, words, after_key = "", [], False
    for line in EXAMPLE.splitlines():
        head, key = _HEAD.match(line), _KEY.match(line)
        if head:
            section, words = head[1], []
        elif key:
            found[section, key[1]] = " ".join(words)
        elif line.startswith("# "):
            words = [*([] if after_key else words), line[2:]]
        else:
            words = []
        after_key = bool(key)
    return found
