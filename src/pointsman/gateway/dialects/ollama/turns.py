"""The conversation as this dialect wants it: one text a message, pictures and calls beside it."""

from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from pointsman.core.chat import (
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from pointsman.core.errors import CannotCarry
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.ollama.wire import is_object


class Turns:
    """Writes canonical messages; `messages` are the ones to send."""

    def __init__(self, losses: Losses) -> None:
        self.messages: list[dict[str, Any]] = []
        self._losses = losses
        self._names: dict[str, str] = {}

    def read(self, messages: Sequence[Message]) -> None:
        """Adds all messages. Raises `CannotCarry` for content that this dialect has no place for."""
        for message in messages:
            if message.name is not None:
                self._losses.drop("messages.name")
            self._add(message)

    def _add(self, message: Message) -> None:
        """Every tool result is a message of its own."""
        rest: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                self.messages.append(self._result(part))
            else:
                rest.append(part)
        if rest:
            role = "system" if message.role == "developer" else message.role
            self.messages.append({"role": role, **self._content(rest)})

    def _content(self, parts: Sequence[Part]) -> dict[str, Any]:
        found: dict[str, Any] = {"content": said(parts)}
        thinking = "\n".join([part.text for part in parts if isinstance(part, Thinking) and part.text])
        if thinking:
            found["thinking"] = thinking
        pictures = [self.picture(part) for part in parts if isinstance(part, Image)]
        if pictures:
            found["images"] = pictures
        calls = [self._call(part) for part in parts if isinstance(part, ToolCall)]
        if calls:
            found["tool_calls"] = calls
        self._report(parts)
        return found

    def _report(self, parts: Sequence[Part]) -> None:
        for part in parts:
            if isinstance(part, Thinking) and (part.signature is not None or part.redacted is not None):
                self._losses.drop("thinking.signature")

    def _call(self, call: ToolCall) -> dict[str, Any]:
        self._names[call.id] = call.name
        return {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": self._arguments(call.arguments)},
        }

    def _arguments(self, arguments: str) -> Any:
        """The arguments as an object. What the model wrote wrongly is kept as text inside one."""
        if is_object(arguments or "{}"):
            return Raw((arguments or "{}").encode())
        self._losses.drop("messages.tool_calls.arguments")
        return {"arguments": arguments}

    def _result(self, result: ToolResult) -> dict[str, Any]:
        if result.is_error:
            self._losses.drop("messages.is_error")
        found: dict[str, Any] = {"role": "tool", **self._content(result.parts)}
        name = result.name or self._names.get(result.call_id)
        if name is not None:
            found["tool_name"] = name
        found["tool_call_id"] = result.call_id
        return found

    def picture(self, image: Image) -> str:
        """The picture's base64 text. Raises `CannotCarry` for one that only has an address."""
        if image.data is None:
            raise CannotCarry(
                "The chosen provider fetches no pictures from the web; send the picture itself.",
                param="messages",
            )
        if image.detail not in (None, "auto"):
            self._losses.drop("messages.image_detail")
        return image.data


def said(parts: Sequence[Part]) -> str:
    """The text of `parts`. Raises `CannotCarry` for sound and for files that are no text."""
    texts: list[str] = []
    for part in parts:
        text = part.text if isinstance(part, Text | Refusal | Document) else None
        if text is not None:
            texts.append(text)
        elif not isinstance(part, Image | Thinking | ToolCall):
            raise CannotCarry("The chosen provider takes neither files nor sound.", param="messages")
    return "\n".join(texts)


def tool_of(tool: Tool, losses: Losses) -> dict[str, Any]:
    """The dialect's form of a tool."""
    if tool.grammar is not None:
        losses.drop("tools.grammar")
    if tool.strict:
        losses.drop("tools.strict")
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}
