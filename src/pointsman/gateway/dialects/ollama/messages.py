"""Messages of this dialect, read into canonical ones.

Its calls and results often have no ids. A call without one gets one from its place in the conversation,
so that the same conversation has the same ids at every turn, and a result without one answers the first
call which is still open (of its tool, if it names one).
"""

from collections.abc import Sequence

import msgspec

from pointsman.core.chat import Image, Message, Part, Role, Text, Thinking, ToolCall, ToolResult
from pointsman.core.errors import InvalidRequest
from pointsman.gateway.dialects.ollama.wire import Call, WireMessage

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
}
_MEDIA_TYPES = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
}
"""How the base64 text of a picture begins."""


def read_messages(wanted: Sequence[WireMessage]) -> list[Message]:
    """The canonical messages; results that follow each other become one `tool` message. Raises
    `InvalidRequest` for an unknown role."""
    reader = _Reader()
    for index, message in enumerate(wanted):
        reader.read(message, index)
    return reader.messages


class _Reader:
    """Collects messages and remembers the calls that nobody has answered yet."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._open: list[ToolCall] = []

    def read(self, message: WireMessage, index: int) -> None:
        if message.role == "tool":
            self._add_result(message, index)
            return
        role = _ROLES.get(message.role)
        if role is None:
            at = f"messages.{index}.role"
            raise InvalidRequest(f"{at}: unknown role `{message.role}`", param=at)
        parts = parts_of(message)
        calls = [tool_call(call, f"call_{index}_{place}") for place, call in enumerate(_calls(message))]
        if role == "assistant":
            self._open = list(calls)
        parts += calls
        if parts:
            self.messages.append(Message(role=role, parts=parts))

    def _add_result(self, message: WireMessage, index: int) -> None:
        call = self._answered(message)
        call_id = message.tool_call_id or (call.id if call is not None else f"call_{index}")
        inner = [part for part in parts_of(message) if isinstance(part, Text | Image)]
        name = message.tool_name or (call.name if call is not None else None)
        result = ToolResult(call_id=call_id, parts=list(inner), name=name)
        if self.messages and self.messages[-1].role == "tool":
            self.messages[-1].parts.append(result)
        else:
            self.messages.append(Message(role="tool", parts=[result]))

    def _answered(self, message: WireMessage) -> ToolCall | None:
        """The open call which the result belongs to; it is open no more."""
        for call in self._open:
            if message.tool_call_id:
                fits = call.id == message.tool_call_id
            else:
                fits = message.tool_name in (None, "", call.name)
            if fits:
                self._open.remove(call)
                return call
        return None


def _calls(message: WireMessage) -> list[Call]:
    return message.tool_calls or []


def parts_of(message: WireMessage) -> list[Part]:
    """What the message says, without its calls: thinking, pictures, text."""
    parts: list[Part] = []
    if message.thinking:
        parts.append(Thinking(text=message.thinking))
    parts += [picture(data) for data in message.images or ()]
    if message.content:
        parts.append(Text(text=message.content))
    return parts


def picture(data: str) -> Image:
    """A picture, whose type shows in how it begins.

    >>> picture("iVBORw0KGgoAAAA").media_type
    'image/png'
    """
    if data.startswith("data:"):
        kind, _, data = data[5:].partition(";base64,")
        return Image(media_type=kind or None, data=data)
    for beginning, kind in _MEDIA_TYPES.items():
        if data.startswith(beginning):
            return Image(media_type=kind, data=data)
    return Image(data=data)


def tool_call(call: Call, spare_id: str) -> ToolCall:
    """A call with its arguments as the JSON text they came in; `spare_id` is for one without an id. Some
    clients write that text as a string, as OpenAI's dialects want it."""
    text = bytes(call.function.arguments).decode()
    if text.startswith('"'):
        text = str(msgspec.json.decode(text))
    return ToolCall(
        id=call.id or spare_id,
        name=call.function.name,
        arguments="{}" if text in ("", "null") else text,
    )
