"""The conversation as this dialect wants it: user and assistant in turn, results before words."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from pointsman.core.chat import (
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
from pointsman.gateway.dialects.anthropic.wire import ORIGIN
from pointsman.gateway.dialects.base import Losses

_FOREIGN_ID_CHARS = re.compile(r"[^a-zA-Z0-9_-]")
_SYSTEM_ROLES = ("system", "developer")


class Turns:
    """Collects blocks into turns; neighbours of one role become one turn, empty turns never exist.

    `system` are the text blocks of the messages in front; `turns` the messages to send.
    """

    def __init__(self, losses: Losses) -> None:
        self.system: list[dict[str, Any]] = []
        self._losses = losses
        self._turns: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = []

    @property
    def turns(self) -> list[dict[str, Any]]:
        """The messages. A turn's tool results stand first."""
        return [{"role": role, "content": results + content} for role, results, content in self._turns]

    def read(self, messages: Sequence[Message]) -> None:
        """Adds all messages. A request of system messages only is asked as a user's; one that begins with
        the assistant cannot be asked."""
        for message in messages:
            if message.name is not None:
                self._losses.drop("messages.name")
            if message.role in _SYSTEM_ROLES:
                self._add_system(message)
            else:
                self._add(message)
        if not self._turns and self.system:
            self._losses.drop("messages.system")
            self._turns.append(("user", [], self.system))
            self.system = []
        if not self._turns or self._turns[0][0] != "user":
            raise CannotCarry(
                "The chosen provider needs a conversation that begins with a user's message.",
                param="messages",
            )

    def _add_system(self, message: Message) -> None:
        blocks = [_text(part) for part in message.parts if isinstance(part, Text) and part.text.strip()]
        if any(not isinstance(part, Text) for part in message.parts):
            self._losses.drop("messages.system_media")
        if not self._turns:
            self.system += blocks
        elif blocks:
            self._losses.drop("messages.system_midway")
            self._turn("user")[1].extend(blocks)

    def _add(self, message: Message) -> None:
        role = "assistant" if message.role == "assistant" else "user"
        for part in message.parts:
            if isinstance(part, ToolResult):
                self._turn("user")[0].append(self._result(part))
                continue
            block = self._assistant_block(part) if role == "assistant" else self._user_block(part)
            if block is not None:
                self._turn(role)[1].append(block)

    def _turn(self, role: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The results and the other blocks of the running turn, a new one if the role changes."""
        if not self._turns or self._turns[-1][0] != role:
            self._turns.append((role, [], []))
        return self._turns[-1][1:]

    def _assistant_block(self, part: Part) -> dict[str, Any] | None:
        if isinstance(part, Text | Refusal):
            return _text(part) if part.text.strip() else None
        if isinstance(part, ToolCall):
            return self._call(part)
        if isinstance(part, Thinking):
            return self._thinking(part)
        self._losses.drop("messages.assistant_media")
        return None

    def _user_block(self, part: Part) -> dict[str, Any] | None:
        if isinstance(part, Text | Refusal):
            return _text(part) if part.text.strip() else None
        if isinstance(part, Image):
            return self._image(part)
        if isinstance(part, Document):
            return document_block(part)
        raise CannotCarry("The chosen provider takes no such content from a user.", param="messages")

    def _call(self, call: ToolCall) -> dict[str, Any]:
        return {
            "type": "tool_use",
            "id": tool_id(call.id),
            "name": call.name,
            "input": self._input(call.arguments),
        }

    def _input(self, arguments: str) -> Any:
        """The arguments as an object. What the model wrote wrongly is kept as text inside one."""
        try:
            if isinstance(msgspec.json.decode(arguments or "{}"), dict):
                return Raw((arguments or "{}").encode())
        except (ValueError, RecursionError):
            pass
        self._losses.drop("messages.tool_calls.arguments")
        return {"arguments": arguments}

    def _thinking(self, part: Thinking) -> dict[str, Any] | None:
        """Only thinking that this dialect's providers signed can be shown to them."""
        if part.origin == ORIGIN and part.signature is not None:
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
        if part.origin == ORIGIN and part.redacted is not None:
            return {"type": "redacted_thinking", "data": part.redacted}
        self._losses.drop("thinking")
        return None

    def _result(self, result: ToolResult) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "tool_result", "tool_use_id": tool_id(result.call_id)}
        blocks = [self._user_block(part) for part in result.parts]
        content = [block for block in blocks if block is not None]
        if content:
            found["content"] = content
        if result.is_error is not None:
            found["is_error"] = result.is_error
        return found

    def _image(self, image: Image) -> dict[str, Any]:
        if image.detail not in (None, "auto"):
            self._losses.drop("messages.image_detail")
        if image.data is not None:
            source = {
                "type": "base64",
                "media_type": image.media_type or "image/png",
                "data": image.data,
            }
        else:
            source = {"type": "url", "url": image.url or ""}
        return {"type": "image", "source": source}


def document_block(document: Document) -> dict[str, Any]:
    """A document; its text, its bytes or its address, whichever is there."""
    if document.text is not None:
        source = {"type": "text", "media_type": "text/plain", "data": document.text}
    elif document.data is not None:
        kind = document.media_type or "application/pdf"
        source = {"type": "base64", "media_type": kind, "data": document.data}
    else:
        source = {"type": "url", "url": document.url or ""}
    found: dict[str, Any] = {"type": "document", "source": source}
    if document.name is not None:
        found["title"] = document.name
    return found


def _text(part: Text | Refusal) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "text", "text": part.text}
    if isinstance(part, Text) and part.cache is not None:
        found["cache_control"] = part.cache
    return found


def tool_id(call_id: str) -> str:
    """The id in the letters this dialect allows; the same for a call and its result.

    >>> tool_id("functions.ls:0")
    'functions_ls_0'
    """
    return _FOREIGN_ID_CHARS.sub("_", call_id)
