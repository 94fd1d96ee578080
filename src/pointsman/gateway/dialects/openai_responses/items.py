"""Items of a conversation to canonical messages and parts."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Raw

from pointsman.core.chat import (
    Audio,
    Document,
    Image,
    Json,
    Message,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.openai_bodies import checked, data_url
from pointsman.gateway.dialects.openai_responses import wire
from pointsman.gateway.dialects.openai_responses.namespaces import Place, flat_name
from pointsman.gateway.dialects.openai_responses.seal import unseal
from pointsman.gateway.dialects.openai_responses.wire import KNOWN_ITEMS, Item

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
}
_BOUND_ITEMS = {
    "item_reference": "an item stored at the provider; send the item itself",
    "compaction": "a history that only the provider which compacted it can read",
}


class ItemReader:
    """Gathers `messages` from items. Neighbouring items of the assistant become one message, neighbouring
    results one `tool` message. `names` are the flat names of the tools in namespaces; items that cannot
    be carried are noted in `extra` as `input.TYPE`."""

    def __init__(self, names: Mapping[Place, str], extra: dict[str, Json]) -> None:
        self.messages: list[Message] = []
        self._names = names
        self._extra = extra

    def add(self, message: Message) -> None:
        """Appends a message as it is."""
        self.messages.append(message)

    def read(self, raw: Raw, at: str) -> None:
        """Takes in the item at path `at`. Raises `InvalidRequest` or `CannotCarry`."""
        kind = checked(wire.HEAD, raw, at).kind
        if kind in _BOUND_ITEMS:
            raise CannotCarry(f"`{at}` is {_BOUND_ITEMS[kind]}.", param=at)
        if kind not in KNOWN_ITEMS:
            self._extra[f"input.{kind}"] = True
            return
        item = checked(wire.ITEM, raw, at)
        if kind == "message":
            self._message(item, at)
        elif kind.endswith("_output"):
            self._merge("tool", [_result(item, kind, at)])
        else:
            self._merge("assistant", [called_or_thought(item, kind, self._names)])

    def _message(self, item: Item, at: str) -> None:
        role = _ROLES.get(item.role or "")
        if role is None:
            message = f"Unknown role `{item.role}`."
            raise InvalidRequest(message, code="invalid_value", param=f"{at}.role")
        parts = _parts(item.content, f"{at}.content")
        if role == "assistant":
            self._merge(role, parts)
        else:
            self.add(Message(role=role, parts=parts))

    def _merge(self, role: Literal["assistant", "tool"], parts: list[Part]) -> None:
        if self.messages and self.messages[-1].role == role:
            self.messages[-1].parts += parts
        else:
            self.add(Message(role=role, parts=parts))


def said(item: Item) -> list[Part]:
    """The words of a message which a model produced; content that is not words is left out."""
    if isinstance(item.content, str):
        return [Text(text=item.content)]
    found: list[Part] = []
    for part in item.content or ():
        if part.refusal is not None:
            found.append(Refusal(text=part.refusal))
        elif part.text is not None:
            found.append(Text(text=part.text))
    return found


def called_or_thought(item: Item, kind: str, names: Mapping[Place, str]) -> ToolCall | Thinking:
    """What a call or reasoning item stands for."""
    if kind == "reasoning":
        return _thinking(item)
    custom = kind == "custom_tool_call"
    return ToolCall(
        id=item.call_id or "",
        name=called_name(item, names),
        arguments=(item.input if custom else item.arguments) or "",
        custom=custom,
    )


def called_name(item: Item, names: Mapping[Place, str]) -> str:
    """The flat name of the tool which a call names."""
    name = item.name or ""
    if not item.namespace:
        return name
    return names.get((item.namespace, name)) or flat_name(item.namespace, name)


def reasoning_text(item: Item) -> str:
    """The readable text of a reasoning item: its summary, or else what it says in full."""
    parts = item.summary or (item.content if isinstance(item.content, list) else None) or []
    return "\n\n".join([part.text for part in parts if part.text])


def _thinking(item: Item) -> Thinking:
    text = reasoning_text(item)
    if not item.encrypted_content:
        return Thinking(text=text)
    signature, redacted, origin = unseal(item.id, item.encrypted_content, has_text=bool(text))
    return Thinking(text=text, signature=signature, redacted=redacted, origin=origin)


def _result(item: Item, kind: str, at: str) -> ToolResult:
    if not item.call_id:
        message = f"Missing required parameter: `{at}.call_id`."
        raise InvalidRequest(message, code="missing_field", param=f"{at}.call_id")
    parts: list[Text | Image | Document] = []
    for part in _parts(item.output, f"{at}.output"):
        if not isinstance(part, Text | Image | Document):
            raise InvalidRequest("A tool's output holds text, images and files only.", param=f"{at}.output")
        parts.append(part)
    return ToolResult(call_id=item.call_id, parts=parts, custom=kind == "custom_tool_call_output")


def _parts(content: str | list[wire.Part] | None, at: str) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(text=content)]
    return [_part(part, f"{at}[{index}]") for index, part in enumerate(content)]


def _part(part: wire.Part, at: str) -> Part:
    if part.type in ("input_text", "output_text", "text", "summary_text"):
        return Text(text=part.text or "")
    if part.type == "refusal":
        return Refusal(text=part.refusal or "")
    if part.type == "input_audio" and part.input_audio is not None:
        return Audio(data=part.input_audio.data, format=part.input_audio.format)
    if part.type not in ("input_image", "input_file"):
        raise CannotCarry(f"No other model reads content of type `{part.type}`.", param=f"{at}.type")
    if part.file_id is not None:
        message = "A file stored at the provider cannot go to another model; send its content."
        raise CannotCarry(message, param=f"{at}.file_id")
    return _image(part, at) if part.type == "input_image" else _document(part)


def _image(part: wire.Part, at: str) -> Image:
    if part.image_url is None:
        message = f"Missing required parameter: `{at}.image_url`."
        raise InvalidRequest(message, code="missing_field", param=f"{at}.image_url")
    media_type, data = data_url(part.image_url)
    url = part.image_url if data is None else None
    return Image(media_type=media_type, data=data, url=url, detail=part.detail)


def _document(part: wire.Part) -> Document:
    if part.file_data is None:
        return Document(url=part.file_url, name=part.filename)
    media_type, data = data_url(part.file_data)
    return Document(media_type=media_type, data=part.file_data if data is None else data, name=part.filename)
