"""The prompts of a calibration: those that come with Pointsman, or those of a file."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from pointsman.core.calibration import Grader
from pointsman.core.errors import InvalidRequest
from pointsman.memory.classify import labels_told

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_OUTPUT_TOKENS: Final = 1024
COLUMNS: Final = ("prompt", "answer", "domain", "complexity", "id", "system")
"""What a CSV file may hold; `prompt` it must."""


class BadItems(Exception):
    """The file cannot be used, and why."""


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One prompt and how its answer is scored: by `answer` (any of these), by JSON `schema` (and `expect`,
    fields and values), by `tests` (Python statements after the answer's code), or, with none of these, by a
    judge who compares it with other models' answers."""

    prompt: str
    id: str = ""
    system: str = ""
    domain: str = ""
    complexity: str = ""
    answer: list[str] | str = field(default_factory=list)
    schema: Any = None
    expect: dict[str, Any] = field(default_factory=dict)
    tests: list[str] = field(default_factory=list)
    max_output_tokens: int = MAX_OUTPUT_TOKENS

    @property
    def name(self) -> str:
        """What the item is called in the books: its id, else a hash that tells nothing of it."""
        if self.id:
            return self.id
        body = msgspec.json.encode(self, order="deterministic")
        return blake2b(body, digest_size=12).hexdigest()

    @property
    def grader(self) -> Grader:
        """How its answer is scored."""
        if self.tests:
            return "tests"
        if self.schema is not None:
            return "json_schema"
        return "exact" if self.answer else "judge"

    @property
    def accepted(self) -> Sequence[str]:
        """The answers that are right."""
        return [self.answer] if isinstance(self.answer, str) else self.answer

    @property
    def messages(self) -> list[dict[str, str]]:
        """What the model is sent."""
        asked = {"role": "user", "content": self.prompt}
        return [{"role": "system", "content": self.system}, asked] if self.system else [asked]


def bundled() -> list[Item]:
    """The prompts that come with Pointsman. Those with tests stand last; the others alternate by domain."""
    return _of_lines(files("pointsman.calibration").joinpath("items.jsonl").read_text(encoding="utf-8"))


def read(path: Path) -> list[Item]:
    """The prompts of a file: CSV with a head line if it is called `.csv`, else a JSON object a line. Raises
    `BadItems`."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
        text = body.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadItems(f"{path} cannot be read: {error}") from None
    if len(body) > MAX_FILE_BYTES:
        raise BadItems(f"{path} is over {MAX_FILE_BYTES} bytes")
    found = _of_csv(text) if path.suffix.lower() == ".csv" else _of_lines(text)
    if not found:
        raise BadItems(f"{path} holds no prompts")
    if len({one.name for one in found}) < len(found):
        raise BadItems(f"{path} holds the same prompt or id twice")
    return found


def digest_of(items: Iterable[Item], targets: Iterable[str], judge: str | None) -> str:
    """What tells calibrations apart: the prompts, the models and the judge, whatever their order."""
    asked = sorted([msgspec.json.encode(one, order="deterministic").decode() for one in items])
    body = json.dumps([asked, sorted(targets), judge])
    return blake2b(body.encode(), digest_size=16).hexdigest()


def _of_lines(text: str) -> list[Item]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append(_checked(msgspec.json.decode(line, type=Item)))
            except (msgspec.MsgspecError, ValueError) as error:
                raise BadItems(f"line {number}: {error}") from None
    return found


def _of_csv(text: str) -> list[Item]:
    rows = csv.DictReader(io.StringIO(text))
    names = [name for name in rows.fieldnames or () if name is not None]
    if "prompt" not in names or (strange := [name for name in names if name not in COLUMNS]):
        told = f"unknown: {', '.join(strange)}" if "prompt" in names else "`prompt` is missing"
        raise BadItems(f"the columns must be of {', '.join(COLUMNS)}; {told}")
    found = []
    for row in rows:
        try:
            found.append(_checked(Item(**_filled(row))))
        except ValueError as error:
            raise BadItems(f"line {rows.line_num}: {error}") from None
    return found


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    if None in row:
        raise ValueError("there are more values than columns")
    return {"prompt": ""} | {name: value for name, value in row.items() if value}


def _checked(item: Item) -> Item:
    if not item.prompt.strip():
        raise ValueError("the prompt is empty")
    if len(item.id) > 200 or not item.id.isprintable():
        raise ValueError("an id is at most 200 printable characters")
    try:
        labels_told({"domain": item.domain or None, "complexity": item.complexity or None})
    except InvalidRequest as error:
        raise ValueError(str(error)) from None
    if not 1 <= item.max_output_tokens <= 1_000_000:
        raise ValueError("`max_output_tokens` must be from 1 to 1,000,000")
    if sum([bool(item.answer), item.schema is not None, bool(item.tests)]) > 1:
        raise ValueError("give one of `answer`, `schema` and `tests`")
    return item
