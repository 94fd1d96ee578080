"""Reads the named queries below `queries/`, so that Python holds no SQL.

A file holds queries, each after a line `-- name: words_with_underscores` and one or more comment lines
that say what it does.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def queries(file: str) -> Mapping[str, str]:
    """The queries of `queries/<file>.sql` by name."""
    return parse((files(__package__) / "queries" / f"{file}.sql").read_text(encoding="utf-8"))


def parse(text: str) -> Mapping[str, str]:
    """Queries by name. Raises ValueError for one without a description or a second one of a name.

    >>> parse("-- name: one\\n-- The number one.\\nSELECT 1;\\n")["one"]
    'SELECT 1;'
    """
    _, *parts = _NAME.split(text)
    found: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        lines = body.strip().splitlines()
        if not lines or not lines[0].startswith("-- "):
            raise ValueError(f"query {name} has no description")
        if name in found:
            raise ValueError(f"there are two queries {name}")
        found[name] = "\n".join([line for line in lines if not line.startswith("-- ")]).strip()
    return found
