"""Messages and their content blocks, read into canonical parts."""

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Document, Image, Json, Message, Part, Role, Text, ToolCall, ToolResult
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.anthropic import wire
from pointsman.gateway.dialects.anthropic.thinking import unseal
from pointsman.gateway.dialects.anthropic.wire import Block, Source
from pointsman.gateway.dialects.dotted import checked

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}


class _Entry(Struct):
    role: str
    content: str | list[Raw] | None = None


_ENTRY: msgspec.json.Decoder[_Entry] = msgspec.json.Decoder(_Entry)


class MessageReader:
    """Collects `messages`; blocks without a canonical form go to `extra` (`messages.server_tool_use`)."""

    def __init__(self, extra: dict[str, Json]) -> None:
        self.messages: list[Message] = []
        self._extra = extra

    def read(self, raw: Raw, at: str) -> None:
        """Adds the message `raw`, which stands at the path `at`. Tool results become a message of their
        own, before what the user says with them."""
        entry = checked(_ENTRY, raw, at)
        role = _ROLES.get(entry.role)
        if role is None:
            raise InvalidRequest(f"{at}.role: unknown role `{entry.role}`", param=f"{at}.role")
        parts = self.parts(entry.content or "", f"{at}.content")
        results: list[Part] = [part for part in parts if isinstance(part, ToolResult)]
        if results:
            self.messages.append(Message(role="tool", parts=results))
            parts = [part for part in parts if not isinstance(part, ToolResult)]
        if parts:
            self.messages.append(Message(role=role, parts=parts))

    def parts(self, content: str | list[Raw], at: str) -> list[Part]:
        """The canonical parts of a `content`."""
        if isinstance(content, str):
            return [Text(text=content)]
        parts: list[Part] = []
        for index, raw in enumerate(content):
            here = f"{at}.{index}"
            kind = checked(wire.HEAD, raw, here).type
            if kind in wire.KNOWN_BLOCKS:
                parts.append(self._part(checked(wire.BLOCK, raw, here), here))
            else:
                self._extra[f"messages.{kind or 'content'}"] = True
        return parts

    def _part(self, block: Block, at: str) -> Part:
        match block.type:
            case "text":
                return Text(text=block.text, cache=block.cache_control)
            case "tool_use":
                return tool_call(block)
            case "tool_result":
                return self._result(block, at)
            case "image":
                return _image(block, at)
            case "thinking":
                return unseal(block.thinking, block.signature, redacted=False)
            case "redacted_thinking":
                return unseal("", block.data, redacted=True)
            case "search_result":
                return Document(text=_joined(block.content, at), name=block.title)
        return _document(block, at)

    def _result(self, block: Block, at: str) -> ToolResult:
        if not block.tool_use_id:
            raise wire.missing(f"{at}.tool_use_id")
        content: str | list[Raw] | None = None
        if block.content is not wire.ABSENT:
            content = checked(wire.CONTENT, block.content, f"{at}.content")
        inner = self.parts(content, f"{at}.content") if content else []
        return ToolResult(
            call_id=block.tool_use_id,
            parts=[part for part in inner if isinstance(part, Text | Image | Document)],
            is_error=block.is_error,
        )


def tool_call(block: Block) -> ToolCall:
    """A call with its input as the JSON text it came in."""
    text = bytes(block.input).decode()
    return ToolCall(id=block.id, name=block.name, arguments="{}" if text in ("", "null") else text)


def _source(block: Block, at: str) -> Source:
    source = block.source
    if not isinstance(source, Source):
        raise wire.missing(f"{at}.source")
    if source.type == "file":
        raise CannotCarry(
            "A file stored at Anthropic cannot be read by the chosen provider; send its content.",
            param=f"{at}.source",
        )
    return source


def _image(block: Block, at: str) -> Image:
    source = _source(block, at)
    if source.type == "url":
        return Image(url=source.url)
    return Image(media_type=source.media_type, data=source.data)


def _document(block: Block, at: str) -> Document:
    source = _source(block, at)
    if source.type == "url":
        return Document(url=source.url, name=block.title)
    if source.type == "text":
        return Document(text=source.data or "", media_type=source.media_type, name=block.title)
    if source.type == "content":
        return Document(text=_joined(source.content, f"{at}.source"), name=block.title)
    return Document(media_type=source.media_type, data=source.data, name=block.title)


def _joined(content: Raw, at: str) -> str:
    """The text of a nested content."""
    found = checked(wire.CONTENT, content, f"{at}.content") if content is not wire.ABSENT else None
    if found is None or isinstance(found, str):
        return found or ""
    blocks = [checked(wire.BLOCK, raw, at) for raw in found]
    return "\n".join([block.text for block in blocks if block.text])
