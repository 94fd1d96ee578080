"""What the conformance tests of the dialects have in common: codecs, canonical values, and readers."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from pointsman.core.chat import (
    ChatRequest,
    ChatResponse,
    EmbedRequest,
    Finish,
    Image,
    Message,
    Part,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from pointsman.core.errors import CannotCarry, PointsmanError
from pointsman.core.stream import (
    Finished,
    Started,
    StreamEvent,
    StreamFailed,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.registry import CODECS, EMBEDDING_CODECS

ALL = list(CODECS.values())
CHAT: list[Any] = [codec for codec in ALL if codec.name not in EMBEDDING_CODECS]
EMBED: list[Any] = [codec for codec in ALL if codec.name in EMBEDDING_CODECS]

every_codec = pytest.mark.parametrize("codec", ALL, ids=lambda codec: codec.name)
every_chat_codec = pytest.mark.parametrize("codec", CHAT, ids=lambda codec: codec.name)
every_embed_codec = pytest.mark.parametrize("codec", EMBED, ids=lambda codec: codec.name)

ARGUMENTS = '{"path":"a.txt","deep":{"n":[1,2.5,null,"ä"]}}'
USAGE = Usage(input_tokens=30, output_tokens=5)
TOOL = Tool(
    name="read",
    description="Reads a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
CALL = ToolCall(id="call_1", name="read", arguments=ARGUMENTS)


def _said(role: Any, *parts: Part) -> Message:
    return Message(role=role, parts=list(parts))


def chat(*messages: Message, **settings: Any) -> ChatRequest:
    """A request, with usage wanted; without messages it says hello."""
    found = list(messages) or [_said("user", Text(text="Say hello."))]
    return ChatRequest(
        **{"model": "m", "messages": found, "max_output_tokens": 64, "include_usage": True, **settings}
    )


PLAIN = chat()
REQUESTS = {
    "plain": PLAIN,
    "stream": chat(stream=True),
    "settings": chat(temperature=0.5, top_p=0.9, stop=["END"], user="u"),
    "system": chat(_said("system", Text(text="Be brief.")), _said("user", Text(text="hi"))),
    "turns": chat(
        _said("user", Text(text="hi")),
        _said("assistant", Text(text="hello")),
        _said("user", Text(text="and now?")),
    ),
    "picture": chat(
        _said("user", Text(text="what is it?"), Image(media_type="image/png", data="iVBORw0KGgo="))
    ),
    "tools": chat(
        _said("user", Text(text="read it")),
        _said("assistant", CALL),
        _said("tool", ToolResult(call_id="call_1", name="read", parts=[Text(text="contents")])),
        _said("assistant", Text(text="done")),
        _said("user", Text(text="again")),
        tools=[TOOL],
    ),
}

TEXT_ANSWER = [TextDelta(0, "Grüße, "), TextDelta(0, '"world"\n\ndata: x'), TextDelta(0, "🙂 end")]
CALL_ANSWER = [
    ToolCallStarted(0, "call_1", "read"),
    ToolCallDelta(0, ARGUMENTS[:9]),
    ToolCallDelta(0, ARGUMENTS[9:]),
]


def sample(codec: Any, **fields: Any) -> bytes:
    """A plain body of the codec's dialect."""
    request: Any = EmbedRequest(model="m", inputs=["hi"], single=True)
    if codec.name not in EMBEDDING_CODECS:
        request = chat(**fields)
    body: bytes = codec.encode_request(request, Losses())
    return body


class Heard(NamedTuple):
    """What a client makes of an answer. Ids and token classes are not in every dialect."""

    text: str
    calls: tuple[tuple[str, str], ...]
    finish: Finish | None
    tokens: tuple[int, int] | None


def heard(events: list[StreamEvent]) -> Heard:
    """Sums a stream up."""
    names = {event.index: event.name for event in events if isinstance(event, ToolCallStarted)}
    fragments = dict.fromkeys(names, "")
    finish = tokens = None
    for event in events:
        if isinstance(event, ToolCallDelta):
            fragments[event.index] += event.fragment
        elif isinstance(event, Finished):
            finish = event.reason
        elif isinstance(event, UsageReported):
            tokens = (event.usage.input_tokens, event.usage.output_tokens)
    text = "".join([event.text for event in events if isinstance(event, TextDelta)])
    return Heard(text, tuple((names[index], fragments[index]) for index in names), finish, tokens)


def understood(response: ChatResponse) -> Heard:
    """Sums a whole answer up."""
    text = "".join([part.text for part in response.parts if isinstance(part, Text)])
    calls = tuple((part.name, part.arguments) for part in response.parts if isinstance(part, ToolCall))
    usage = response.usage
    tokens = (usage.input_tokens, usage.output_tokens) if usage is not None else None
    return Heard(text, calls, response.finish, tokens)


def answer(content: list[Any], finish: Finish) -> list[StreamEvent]:
    """A whole canonical stream around `content`."""
    return [Started("id-1", "m-1", 1_700_000_000), *content, UsageReported(USAGE), Finished(finish)]


def written(codec: Any, events: list[StreamEvent], request: ChatRequest = PLAIN) -> bytes:
    """The stream that a client of the dialect gets, to its end. Skips what the dialect has no place for."""
    losses = Losses()
    encoder = codec.stream_encoder(request, "req_01ab", losses)
    stream: bytes = encoder.encode(events) + encoder.finish()
    if "tool_calls" in losses.fields:
        pytest.skip(f"{codec.name} has no tools")
    return stream


def read(codec: Any, *chunks: bytes) -> tuple[list[StreamEvent], bool]:
    """A stream's events up to the body's clean end, and whether it is complete."""
    decoder = codec.stream_decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    events += decoder.end()
    assert decoder.pending_bytes == 0
    return events, decoder.complete


def failures(events: list[StreamEvent]) -> list[PointsmanError]:
    """The errors that a stream reports."""
    return [event.error for event in events if isinstance(event, StreamFailed)]


def encoded(codec: Any, request: Any) -> bytes:
    """The request in the codec's dialect. Skips what the dialect says that it cannot carry."""
    try:
        body: bytes = codec.encode_request(request, Losses())
    except CannotCarry as error:
        pytest.skip(f"{codec.name}: {error.message}")
    return body


def refusal_of(
    kind: type[PointsmanError], look: Callable[[bytes], Any], body: bytes
) -> PointsmanError | None:
    """The error of that kind which reading `body` ends in, None if it can be read. Others go through."""
    try:
        look(body)
    except kind as error:
        return error
    return None


def subclasses(kind: type[PointsmanError]) -> list[type[PointsmanError]]:
    """The error class and all below it in the tree of `core.errors`; the control API has some of its own."""
    children = [child for child in kind.__subclasses__() if child.__module__ == kind.__module__]
    return [kind, *[each for child in children for each in subclasses(child)]]
