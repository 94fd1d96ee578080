"""Checks a parsed file against the schema and says everything that is wrong with it at once."""

import difflib
import math
import re
from collections.abc import Iterable
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct, UnsetType

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SECRET_KEYS: Final = frozenset(
    {"api_key", "apikey", "key", "token", "secret", "password", "auth_token", "access_token"}
)
_SECRET_VALUE: Final = re.compile(
    r"(sk|pk|gsk|pm|xai|hf|ghp|csk|r8|or)[-_][A-Za-z0-9_-]{8,}|AIza[A-Za-z0-9_-]{20,}|Bearer\s+\S{8,}"
)
_INSIDE: Final = re.compile(r" - at `(?:key in )?\$(.*)`$")


def problems_of(table: dict[str, Any], schema: type[Struct], path: str = "") -> list[str]:
    """Every problem of `table`, each with the full path of its key and, where one is known, the remedy."""
    hints = get_type_hints(schema, include_extras=True)
    problems: list[str] = []
    for key, value in table.items():
        where = joined(path, key)
        if key not in hints:
            problems.append(_unknown(where, key, hints))
        else:
            problems += _value_problems(value, _without_unset(hints[key]), where)
    missing = [f.name for f in msgspec.structs.fields(schema) if f.required and f.name not in table]
    return problems + [f"{joined(path, name)} is missing" for name in missing]


def joined(path: str, key: str) -> str:
    """The path of `key` below `path`, quoted as TOML wants it.

    >>> joined("models", "gpt-5*")
    'models."gpt-5*"'
    """
    shown = key if _BARE_KEY.fullmatch(key) else f'"{key}"'
    return f"{path}.{shown}" if path else shown


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the nearest of the known words, or nothing.

    >>> suggestion("prot", ["host", "port"]), suggestion("zzz", ["host"])
    ('; did you mean `port`?', '')
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def has_password(url: str) -> bool:
    """Whether a URL carries a password, as part of the host or as a parameter."""
    parts = urlsplit(url)
    return ":" in parts.netloc.rpartition("@")[0] or "password=" in parts.query


def _unknown(where: str, key: str, hints: Iterable[str]) -> str:
    if key.lower().replace("-", "_") in _SECRET_KEYS:
        return (
            f"{where}: secrets do not belong in this file; put the key into an environment variable and "
            'write its name, as in `key_env = "MY_PROVIDER_KEY"`'
        )
    names = sorted(hints)
    return f"{where}: unknown key{suggestion(key, names) or '; known here: ' + ', '.join(names)}"


def _value_problems(value: Any, hint: Any, where: str) -> list[str]:
    if isinstance(value, str) and _SECRET_VALUE.fullmatch(value.strip()):
        return [
            f"{where}: this looks like a secret, which does not belong in this file; put it into an "
            "environment variable and name that one in `key_env`"
        ]
    if isinstance(hint, type) and issubclass(hint, Struct):
        if not isinstance(value, dict):
            return [f"{where} must be a table, written as [{where}]"]
        return problems_of(value, hint, where) or _built(value, hint, where)
    if get_origin(hint) is dict:
        return _entries(value, get_args(hint)[1], where)
    return _built(value, hint, where)


def _entries(value: Any, hint: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} must be a table, written as [{where}.NAME]"]
    problems = [f"{where}: a name in this table is empty"] if "" in value else []
    for key, entry in value.items():
        problems += _value_problems(entry, hint, joined(where, key))
    return problems


def _built(value: Any, hint: Any, where: str) -> list[str]:
    """What converting the value itself says (types, limits, and a struct's own rules)."""
    if isinstance(value, float) and not math.isfinite(value):
        return [f"{where} must be a finite number{_meant(hint)}"]
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        text = str(error)
        inside = _INSIDE.search(text)
        text = _INSIDE.sub("", text)
        return [f"{where}{inside[1] if inside else ''}: {_sentence(text, value, hint)}"]
    return []


def _sentence(text: str, value: Any, hint: Any) -> str:
    choices = _choices(hint)
    if choices and isinstance(value, str):
        near = suggestion(value, choices)
        return f"must be one of {', '.join(choices)}{near}"
    if choices and isinstance(value, list):
        return f"may hold {', '.join(choices)}"
    shown = f", got {value}" if isinstance(value, int | float) and "got" not in text else ""
    plain = text[0].lower() + text[1:] if text.startswith("Expected") else text
    return f"{plain}{shown}{_meant(hint)}"


def _meant(hint: Any) -> str:
    """The description in the schema, as the end of a sentence."""
    parts = [hint, *get_args(hint)]
    texts = [m.description for p in parts for m in getattr(p, "__metadata__", ()) if isinstance(m, Meta)]
    return f"; wanted: {texts[0]}" if texts and texts[0] else ""


def _choices(hint: Any) -> list[str]:
    if get_origin(hint) is Literal:
        return [str(choice) for choice in get_args(hint)]
    return [choice for part in get_args(hint) if part is not Ellipsis for choice in _choices(part)]


def _without_unset(hint: Any) -> Any:
    """The type a value must have: an optional key's "not there" mark is no such type."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    kept = [part for part in get_args(hint) if part not in (UnsetType, type(None))]
    if len(kept) == 1:
        return kept[0]
    return Union[tuple(kept)]  # noqa: UP007 - built from a list
