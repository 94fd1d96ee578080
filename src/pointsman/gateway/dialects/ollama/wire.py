"""The shapes of this dialect's JSON that several modules read, and how a misfit becomes an error."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Finish, Json, Usage
from pointsman.core.errors import InvalidRequest, UpstreamBroken

ABSENT = Raw()
NDJSON = b"application/x-ndjson"


class Function(Struct):
    """The tool that a call asks for."""

    name: str = ""
    arguments: Raw = ABSENT


class Call(Struct):
    """A tool call. Older clients and servers know no `id`."""

    function: Function
    id: str | None = None


class WireMessage(Struct):
    """A message of a request or of an answer."""

    role: str = "assistant"
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[Call] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class Ending(Struct):
    """What a whole answer, or the last line of a stream, says besides its content."""

    model: str = ""
    created_at: str = ""
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    logprobs: list[Json] | None = None
    error: Json = None


_FINISHES: Mapping[str, Finish] = {"stop": Finish.STOP, "length": Finish.LENGTH}
UNSAYABLE = frozenset({Finish.CONTENT_FILTER, Finish.REFUSAL, Finish.PAUSE})
"""Reasons to stop for which this dialect has no word: its clients read `stop`."""


def finish_of(ending: Ending, *, called: bool) -> Finish | None:
    """Why the model stopped; None if it has not. Servers before 0.1.38 gave no reason."""
    if not ending.done:
        return None
    finish = _FINISHES.get(ending.done_reason or "stop", Finish.OTHER)
    return Finish.TOOL_CALLS if called and finish is Finish.STOP else finish


def done_reason_of(finish: Finish) -> str:
    """The dialect's word."""
    return "length" if finish is Finish.LENGTH else "stop"


def read_usage(ending: Ending) -> Usage | None:
    """The canonical token counts, if the server counted. It leaves out a count of zero."""
    if ending.prompt_eval_count is None and ending.eval_count is None:
        return None
    return Usage(input_tokens=ending.prompt_eval_count or 0, output_tokens=ending.eval_count or 0)


def figures_of(usage: Usage | None) -> dict[str, Json]:
    """The figures of a finished answer. Durations are zero: another dialect's provider tells none, and
    some clients fail without the fields."""
    return {
        "total_duration": 0,
        "load_duration": 0,
        "prompt_eval_count": usage.input_tokens if usage is not None else 0,
        "prompt_eval_duration": 0,
        "eval_count": usage.output_tokens if usage is not None else 0,
        "eval_duration": 0,
    }


def timestamp_of(created_s: int) -> str:
    """The dialect's form of a time; the present for one that is not known (0).

    >>> timestamp_of(1_700_000_000)
    '2023-11-14T22:13:20Z'
    """
    moment = datetime.fromtimestamp(created_s or int(time.time()), UTC)
    return moment.isoformat().replace("+00:00", "Z")


def seconds_of(created_at: str) -> int:
    """Unix seconds of a `created_at`; the present if it cannot be read.

    >>> seconds_of("2023-11-14T14:13:20.123456789-08:00")
    1700000000
    """
    try:
        return int(datetime.fromisoformat(created_at).timestamp())
    except (ValueError, OverflowError):
        return int(time.time())


def is_object(text: str | bytes) -> bool:
    """Whether the JSON text is an object."""
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (ValueError, RecursionError):
        return False


def arguments_of(text: str) -> Any:
    """A call's arguments as the object this dialect wants. Raises `UpstreamBroken` if the model wrote
    none."""
    if not is_object(text or "{}"):
        raise UpstreamBroken("The model called a tool with arguments that are no JSON object.")
    return Raw((text or "{}").encode())


def missing(field: str) -> InvalidRequest:
    """The complaint about a field that must be there."""
    return InvalidRequest(f"{field} is required", code="missing_field", param=field)
