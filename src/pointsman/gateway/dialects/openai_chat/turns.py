"""The conversation as this dialect's providers want it."""

from collections.abc import Sequence
from typing import Any

from pointsman.core.chat import (
    Audio,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from pointsman.core.errors import CannotCarry
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat.wire import ORIGIN

PARAGRAPH = "\n\n"
_SYSTEM_ROLES = ("system", "developer")


class Turns:
    """Collects `turns`. The leading system messages become one, since the prompt templates of many open
    models allow only that; `developer` is written as `system`, which OpenAI takes to mean the same.

    A tool's result can only be text here: its pictures and files go into the user's next message.
    `shows_thinking` tells whether readable thinking may be sent back.
    """

    def __init__(self, losses: Losses, *, shows_thinking: bool) -> None:
        self.turns: list[dict[str, Any]] = []
        self._losses = losses
        self._shows_thinking = shows_thinking
        self._shown: list[Part] = []

    def read(self, messages: Sequence[Message]) -> None:
        """Adds all messages. Raises `CannotCarry` for content without words here."""
        for message in messages:
            if message.role in _SYSTEM_ROLES:
                self._add_system(message)
            elif message.role == "assistant":
                self._release()
                self._add_assistant(message)
            else:
                self._add_user(message)
        self._release()

    def _add_system(self, message: Message) -> None:
        texts = [part.text for part in message.parts if isinstance(part, Text) and part.text]
        if any(not isinstance(part, Text) for part in message.parts):
            self._losses.drop("messages.system_media")
        if not texts:
            return
        text = PARAGRAPH.join(texts)
        if len(self.turns) == 1 and self.turns[0]["role"] == "system" and message.name is None:
            self.turns[0]["content"] += PARAGRAPH + text
        else:
            self._append("system", text, message.name)

    def _append(self, role: str, content: Any, name: str | None = None) -> dict[str, Any]:
        turn = {"role": role, "content": content}
        if name is not None:
            turn["name"] = name
        self.turns.append(turn)
        return turn

    def _add_user(self, message: Message) -> None:
        """A user's words, and the results before them."""
        said: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                self._add_result(part)
            else:
                said.append(part)
        if said or (message.role == "user" and not message.parts):
            content, self._shown = [*self._shown, *said], []
            self._append("user", _content(content), message.name)

    def _release(self) -> None:
        if self._shown:
            content, self._shown = self._shown, []
            self._append("user", _content(content))

    def _add_result(self, result: ToolResult) -> None:
        if result.is_error:
            self._losses.drop("tool_result.is_error")
        texts: list[str] = []
        for part in result.parts:
            text = None if isinstance(part, Image) else part.text
            if text is not None:
                texts.append(text)
            else:
                self._losses.drop("tool_result.media")
                self._shown.append(part)
        turn = self._append("tool", PARAGRAPH.join(texts))
        turn["tool_call_id"] = result.call_id

    def _add_assistant(self, message: Message) -> None:
        texts: list[str] = []
        thoughts: list[str] = []
        calls: list[dict[str, Any]] = []
        for part in message.parts:
            if isinstance(part, Text | Refusal):
                texts.append(part.text)
            elif isinstance(part, ToolCall):
                calls.append(call_of(part))
            elif isinstance(part, Thinking):
                self._think(part, thoughts)
            else:
                self._losses.drop("messages.assistant_media")
        text = PARAGRAPH.join([text for text in texts if text])
        if not text and not calls:
            return
        turn = self._append("assistant", text or None, message.name)
        if thoughts:
            turn["reasoning_content"] = PARAGRAPH.join(thoughts)
        if calls:
            turn["tool_calls"] = calls

    def _think(self, part: Thinking, thoughts: list[str]) -> None:
        """Only open models read their own thinking again; signed thinking belongs to another dialect."""
        if self._shows_thinking and part.text and part.origin in (None, ORIGIN):
            thoughts.append(part.text)
        else:
            self._losses.drop("messages.thinking")


def call_of(call: ToolCall, spare_id: str = "") -> dict[str, Any]:
    """The dialect's form of a call; `spare_id` is for one that came without an id."""
    call_id = call.id or spare_id
    if call.custom:
        inner = {"name": call.name, "input": call.arguments}
        return {"id": call_id, "type": "custom", "custom": inner}
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call_id, "type": "function", "function": function}


def _content(parts: Sequence[Part]) -> str | list[dict[str, Any]]:
    """Text alone stands by itself, which every server understands."""
    texts = [part.text for part in parts if isinstance(part, Text | Refusal)]
    if len(texts) == len(parts):
        return PARAGRAPH.join(texts)
    return [_part(part) for part in parts]


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, Text | Refusal):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return _image(part)
    if isinstance(part, Audio):
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
    if isinstance(part, Document):
        return _document(part)
    raise CannotCarry("The chosen provider takes no such content from a user.", param="messages")


def _image(image: Image) -> dict[str, Any]:
    found = {"url": image.url}
    if image.data is not None:
        found["url"] = f"data:{image.media_type or 'image/png'};base64,{image.data}"
    if image.detail is not None:
        found["detail"] = image.detail
    return {"type": "image_url", "image_url": found}


def _document(document: Document) -> dict[str, Any]:
    if document.text is not None:
        return {"type": "text", "text": document.text}
    if document.data is None:
        message = "The chosen provider fetches no files by their address; send the file's content."
        raise CannotCarry(message, param="messages")
    data = f"data:{document.media_type or 'application/pdf'};base64,{document.data}"
    return {"type": "file", "file": {"file_data": data, "filename": document.name or "document.pdf"}}
