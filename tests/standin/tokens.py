"""Counts and cuts text into tokens: four characters or a word's end, whichever comes first."""

import re
from typing import Any

_TOKEN = re.compile(r"\s*\S{1,4}|\s+$")
PICTURE_TOKENS = 85


def pieces(text: str) -> list[str]:
    """`text` as tokens; joined they are `text` again."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """How many tokens `text` has."""
    return len(pieces(text))


def count_tree(value: Any) -> int:
    """Tokens of every text in a JSON value; long base64 counts as a picture."""
    if isinstance(value, str):
        return PICTURE_TOKENS if len(value) > 200 and " " not in value else count(value)
    if isinstance(value, list):
        return sum(count_tree(v) + 1 for v in value)
    if isinstance(value, dict):
        return sum(count_tree(v) + 1 for v in value.values())
    return 1
