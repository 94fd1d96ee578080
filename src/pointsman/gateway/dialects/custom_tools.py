"""Custom tools (free text in) for providers that only know function tools (JSON in).

Going out, a custom tool becomes a function with one string, `input`; coming back, a call of it becomes
free text again. The request as the client sent it stays the authority on which tools were custom.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pointsman.core.chat import ChatRequest, ChatResponse, Json, Message, Part, Tool, ToolCall, ToolResult
from pointsman.core.stream import Finished, StreamEvent, ToolCallDelta, ToolCallStarted


class _Wrapped(Struct):
    input: str


_WRAPPED: msgspec.json.Decoder[_Wrapped] = msgspec.json.Decoder(_Wrapped)


def wrap(tool: Tool) -> Tool:
    """The tool as a function. A grammar is told in words, since a schema cannot hold it; it stays on the
    tool, so that an encoder can report that nothing enforces it."""
    told = "The tool's whole input, as plain text." + _in_words(tool.grammar)
    parameters = {
        "type": "object",
        "properties": {"input": {"type": "string", "description": told}},
        "required": ["input"],
        "additionalProperties": False,
    }
    return replace(tool, custom=False, parameters=parameters)


def _in_words(grammar: Json) -> str:
    """A sentence for OpenAI's `format` object, in its flat form or nested under `grammar`."""
    if not isinstance(grammar, dict):
        return ""
    inner = grammar.get("grammar")
    found: dict[str, Any] = inner if isinstance(inner, dict) else grammar
    if not found.get("definition"):
        return ""
    return f" It must follow this {found.get('syntax') or 'formal'} grammar:\n{found['definition']}"


def wrap_request(request: ChatRequest) -> ChatRequest:
    """The request without custom tools, also in its history; the same object if it has none."""
    messages = [_wrap_message(message) for message in request.messages]
    changed = any(new is not old for new, old in zip(messages, request.messages, strict=True))
    if not changed and not has_custom(request):
        return request
    tools = [wrap(tool) if tool.custom else tool for tool in request.tools]
    return replace(request, messages=messages, tools=tools)


def _wrap_message(message: Message) -> Message:
    if not any(isinstance(part, ToolCall | ToolResult) and part.custom for part in message.parts):
        return message
    return replace(message, parts=[_wrap_part(part) for part in message.parts])


def _wrap_part(part: Part) -> Part:
    if isinstance(part, ToolCall) and part.custom:
        arguments = msgspec.json.encode({"input": part.arguments}).decode()
        return replace(part, custom=False, arguments=arguments)
    if isinstance(part, ToolResult) and part.custom:
        return replace(part, custom=False)
    return part


def has_custom(request: ChatRequest) -> bool:
    """Whether the request offers a custom tool."""
    return any(tool.custom for tool in request.tools)


def unwrap(call: ToolCall, request: ChatRequest) -> ToolCall:
    """The call with its free text, if its tool is custom in `request`."""
    if call.custom or call.name not in _custom_names(request):
        return call
    return replace(call, custom=True, arguments=_free_text(call.arguments))


def unwrap_response(response: ChatResponse, request: ChatRequest) -> ChatResponse:
    """The answer with every call of a custom tool in free text."""
    if not has_custom(request):
        return response
    parts = [unwrap(part, request) if isinstance(part, ToolCall) else part for part in response.parts]
    return replace(response, parts=parts)


class CustomToolUnwrapper:
    """Rewrites a stream's events. The arguments of a custom tool's call are held back to the stream's
    `Finished`, because half a JSON string is no text yet."""

    __slots__ = ("_held", "_names")

    def __init__(self, request: ChatRequest) -> None:
        self._names = _custom_names(request)
        self._held: dict[int, list[str]] = {}

    def feed(self, events: Sequence[StreamEvent]) -> list[StreamEvent]:
        """The events to write in their place."""
        out: list[StreamEvent] = []
        for event in events:
            if isinstance(event, ToolCallDelta) and event.index in self._held:
                self._held[event.index].append(event.fragment)
            elif isinstance(event, ToolCallStarted) and not event.custom and event.name in self._names:
                self._held[event.index] = []
                out.append(ToolCallStarted(event.index, event.id, event.name, custom=True))
            else:
                if isinstance(event, Finished):
                    out += self._release()
                out.append(event)
        return out

    def _release(self) -> list[StreamEvent]:
        held, self._held = self._held, {}
        return [ToolCallDelta(index, _free_text("".join(pieces))) for index, pieces in held.items()]


def _custom_names(request: ChatRequest) -> frozenset[str]:
    return frozenset([tool.name for tool in request.tools if tool.custom])


def _free_text(arguments: str) -> str:
    """The string inside the JSON; arguments of any other shape are taken for the text itself."""
    try:
        return _WRAPPED.decode(arguments).input
    except (ValueError, RecursionError):
        return arguments
