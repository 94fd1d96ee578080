"""How good an answer is, where that can be told without a judge."""

import json
import re
import string
from typing import Any, Final

from msgspec import Struct

from pointsman.calibration import sandbox
from pointsman.calibration.items import Item
from pointsman.gateway.outcomes.schema_check import violation

_NUMBER: Final = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_FENCE: Final = re.compile(r"```[a-zA-Z0-9_+-]*\n(.*?)(?:```|\Z)", re.DOTALL)
_AROUND: Final = string.whitespace + "`*_\"'.$\\"


class Grade(Struct, frozen=True):
    """`score` is 0 to 1; `detail` a short code for why."""

    score: float
    detail: str


def grade(item: Item, text: str) -> Grade:
    """The grade of an answer's text. Runs the answer's code if the item has tests."""
    if not text.strip():
        return Grade(0.0, "empty")
    if item.grader == "tests":
        return _tested(item, text)
    return _against_schema(item, text) if item.grader == "json_schema" else _exact(item, text)


def _exact(item: Item, text: str) -> Grade:
    lines = [line for line in text.splitlines() if line.strip()]
    said = {_plain(one) for one in (text, lines[0], lines[-1], lines[-1].rpartition(":")[2])}
    right = any(_plain(one) in said or _same_number(one, lines[-1]) for one in item.accepted)
    return Grade(1.0, "right") if right else Grade(0.0, "wrong")


def _against_schema(item: Item, text: str) -> Grade:
    value = json_in(text)
    if value is _NONE:
        return Grade(0.0, "no_json")
    breach = violation(value, item.schema)
    if breach is not None:
        return Grade(0.0, breach)
    told = value if isinstance(value, dict) else {}
    held = [_equal(told.get(name, _NONE), wanted) for name, wanted in item.expect.items()]
    score = sum(held) / len(held) if held else 1.0
    return Grade(score, "right" if score == 1.0 else "partly" if score else "wrong")


def _tested(item: Item, text: str) -> Grade:
    result = sandbox.run(code_in(text), item.tests)
    return Grade(result.passed / len(item.tests), result.detail)


def code_in(text: str) -> str:
    """The code of an answer: its longest block, else all of it.

    >>> code_in("Here:\\n```python\\nx = 1\\n```\\nDone.")
    'x = 1\\n'
    """
    blocks = _FENCE.findall(text)
    return max(blocks, key=len) if blocks else text


_NONE: Final = object()


def json_in(text: str) -> Any:
    """The JSON value in an answer, which may stand in a block or among words; a mark of its own if there is
    none."""
    tried = [text, *_FENCE.findall(text)]
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        tried.append(text[start : end + 1])
    for one in tried:
        try:
            return json.loads(one)
        except (ValueError, RecursionError):
            continue
    return _NONE


def _plain(text: str) -> str:
    """What is compared: no case, no spaces at the ends or twice, nothing around it."""
    return " ".join(text.casefold().split()).strip(_AROUND)


def _same_number(wanted: str, line: str) -> bool:
    """Whether the answer's last line names the wanted number: alone among words, or at its end."""
    found = _NUMBER.findall(line)
    if not found or (len(found) > 1 and not line.rstrip(_AROUND).endswith(found[-1])):
        return False
    try:
        return float(found[-1].replace(",", "")) == float(wanted)
    except ValueError:
        return False


def _equal(said: Any, wanted: Any) -> bool:
    if isinstance(wanted, str):
        return isinstance(said, str) and _plain(said) == _plain(wanted)
    if isinstance(wanted, list):
        if not isinstance(said, list) or len(said) != len(wanted):
            return False
        return all(_equal(one, other) for one, other in zip(said, wanted, strict=True))
    return bool(said == wanted) and isinstance(said, bool) == isinstance(wanted, bool)
