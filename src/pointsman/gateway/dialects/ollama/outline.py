"""Reads what routing needs of a request, without building its tree."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Outline
from pointsman.core.features import Need
from pointsman.gateway.dialects.dotted import checked
from pointsman.gateway.dialects.ollama.wire import ABSENT, missing

LEADING_CHARS = 2000
IMAGE_TOKENS = 1500
"""What a picture is taken to cost, whatever the length of its base64 text."""

_BYTES_PER_TOKEN = 4
_EMPTY = (b"", b"null", b"[]")
_SYSTEM_ROLES = ("system", "developer")


class _Message(Struct, gc=False):
    role: str = "user"
    content: Raw = ABSENT
    images: Raw = ABSENT
    tool_call_id: str | None = None


class _Function(Struct, gc=False):
    name: str = ""


class _Tool(Struct, gc=False):
    function: _Function | None = None


class _Options(Struct, gc=False):
    num_predict: float | None = None


class _Body(Struct, gc=False):
    """What both chat forms share."""

    model: str | None = None
    stream: bool | None = None
    format: Raw = ABSENT
    logprobs: bool | None = None
    options: _Options | None = None


class _Chat(_Body, gc=False):
    messages: list[_Message] | None = None
    tools: list[_Tool] | None = None


class _Generate(_Body, gc=False):
    prompt: str | None = None
    suffix: str | None = None
    system: str | None = None
    context: Raw = ABSENT
    images: Raw = ABSENT


_CHAT: msgspec.json.Decoder[_Chat] = msgspec.json.Decoder(_Chat)
_GENERATE: msgspec.json.Decoder[_Generate] = msgspec.json.Decoder(_Generate)
_TEXT: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
_LIST: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])


def outline_chat(body: bytes) -> Outline:
    """What routing needs of a chat. Raises `InvalidRequest` for a body that is not this dialect's. No
    messages are no fault: so a client asks to load a model."""
    request = checked(_CHAT, body)
    if not request.model:
        raise missing("model")
    messages = request.messages or []
    pictures, characters = _pictures([message.images for message in messages], "messages.images")
    needs = _needs(request, pictures)
    if request.tools:
        needs |= Need.TOOLS
    tools = [tool.function for tool in request.tools or () if tool.function is not None]
    return Outline(
        model=request.model,
        stream=request.stream is not False,
        system=_first_text(messages, _SYSTEM_ROLES),
        first_user=_first_text(messages, ("user",)),
        last_user=_first_text(reversed(messages), ("user",)),
        last_role=messages[-1].role if messages else "user",
        message_count=len(messages),
        tool_names=tuple([tool.name for tool in tools]),
        needs=int(needs),
        context_tokens=(len(body) - characters) // _BYTES_PER_TOKEN + pictures * IMAGE_TOKENS,
        max_output_tokens=_limit(request),
        answered_calls=_answered(messages),
    )


def outline_generate(body: bytes) -> Outline:
    """What routing needs of a prompt. Raises `InvalidRequest` for a body that is not this dialect's."""
    request = checked(_GENERATE, body)
    if not request.model:
        raise missing("model")
    pictures, characters = _pictures([request.images], "images")
    prompt = (request.prompt or "")[:LEADING_CHARS]
    needs = _needs(request, pictures)
    if request.suffix or bytes(request.context) not in _EMPTY:  # beyond every chat form
        needs |= Need.COMPLETION
    return Outline(
        model=request.model,
        stream=request.stream is not False,
        system=(request.system or "")[:LEADING_CHARS],
        first_user=prompt,
        last_user=prompt,
        message_count=(1 if request.prompt else 0) + (1 if request.system else 0),
        needs=int(needs),
        context_tokens=(len(body) - characters) // _BYTES_PER_TOKEN + pictures * IMAGE_TOKENS,
        max_output_tokens=_limit(request),
    )


def _needs(request: _Body, pictures: int) -> int:
    needs = 0
    if pictures:
        needs |= Need.IMAGES
    if bytes(request.format).startswith(b"{"):
        needs |= Need.JSON_SCHEMA
    if request.logprobs:
        needs |= Need.LOGPROBS
    return needs


def _limit(request: _Body) -> int | None:
    """The answer's limit in tokens; -1 and -2 mean none."""
    limit = request.options.num_predict if request.options is not None else None
    return int(limit) if limit is not None and limit > 0 else None


def _pictures(lists: Iterable[Raw], at: str) -> tuple[int, int]:
    """How many pictures there are, and how many characters their base64 text has."""
    count = characters = 0
    for raw in lists:
        if bytes(raw) not in _EMPTY:
            count += len(checked(_LIST, raw, at))
            characters += len(bytes(raw))
    return count, characters


def _first_text(messages: Iterable[_Message], roles: Sequence[str]) -> str:
    """The leading text of the first message of one of `roles` that says something."""
    for message in messages:
        if message.role in roles and bytes(message.content) not in _EMPTY:
            text = checked(_TEXT, message.content, "messages.content")
            if text:
                return text[:LEADING_CHARS]
    return ""


def _answered(messages: Sequence[_Message]) -> tuple[str, ...]:
    """The ids of the calls that the last messages answer, where the client has kept them."""
    found: list[str] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        if message.tool_call_id:
            found.append(message.tool_call_id)
    return tuple(reversed(found))
