"""Flat names for tools that stand in a namespace, which only this dialect has.

`multi_agent` holding `spawn` is offered to other dialects as `multi_agent__spawn`. The way back goes
over the request's own tools, not over the text of the name, so that it is exact.
"""

from collections.abc import Iterable, Mapping

import xxhash

from pointsman.core.chat import Json

MAX_NAME_CHARS = 64
"""The longest name of a tool that every dialect takes."""
_HASH_CHARS = 10

Place = tuple[str, str]
"""Namespace and name of a tool."""


def flat_name(namespace: str, name: str) -> str:
    """One name for both parts, at most 64 characters.

    >>> flat_name("multi_agent", "spawn")
    'multi_agent__spawn'
    >>> flat_name("mcp__files__", "read")
    'mcp__files__read'
    """
    plain = namespace + name if namespace.endswith("__") else f"{namespace}__{name}"
    return plain if len(plain) <= MAX_NAME_CHARS else _hashed(plain, namespace, name)


def _hashed(plain: str, namespace: str, name: str) -> str:
    digest = xxhash.xxh64_hexdigest(f"{namespace}\0{name}".encode())[:_HASH_CHARS]
    return f"{plain[: MAX_NAME_CHARS - _HASH_CHARS - 1]}_{digest}"


def flat_names(tools: Iterable[Mapping[str, Json]]) -> dict[Place, str]:
    """The flat name of each tool in a namespace. A name that another tool has already gets a hash."""
    tools = list(tools)
    taken = {str(tool.get("name")) for tool in tools if tool.get("type") != "namespace"}
    names: dict[Place, str] = {}
    for group in tools:
        if group.get("type") != "namespace":
            continue
        namespace = str(group.get("name"))
        for tool in group.get("tools") or ():
            name = str(tool.get("name"))
            flat = flat_name(namespace, name)
            if flat in taken:
                flat = _hashed(flat, namespace, name)
            taken.add(flat)
            names[namespace, name] = flat
    return names


def places(tools: Iterable[Mapping[str, Json]]) -> dict[str, Place]:
    """The way back: flat name to namespace and name."""
    return {flat: place for place, flat in flat_names(tools).items()}
