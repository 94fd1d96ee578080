"""A request's messages, read into canonical ones."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

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
from pointsman.gateway.dialects.openai_bodies import checked, data_url, missing
from pointsman.gateway.dialects.openai_chat.wire import ORIGIN, Called, WireCall, text_of_arguments

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class _Message(Struct):
    role: str
    content: str | list[Raw] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[WireCall] | None = None
    tool_call_id: str | None = None
    function_call: Called | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    audio: Any = None


class _ImageUrl(Struct):
    url: str = ""
    detail: str | None = None


class _Sound(Struct):
    data: str = ""
    format: str = "wav"


class _File(Struct):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class _Part(Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None
    image_url: _ImageUrl | str | None = None
    input_audio: _Sound | None = None
    file: _File | None = None
    cache_control: Json = None


_MESSAGE: msgspec.json.Decoder[_Message] = msgspec.json.Decoder(_Message)
_PART: msgspec.json.Decoder[_Part] = msgspec.json.Decoder(_Part)


class MessageReader:
    """Collects `messages`; neighbouring results become one `tool` message. What cannot be carried is noted
    in `extra`. Calls in the older form have no ids, so they are numbered."""

    def __init__(self, extra: dict[str, Json]) -> None:
        self.messages: list[Message] = []
        self._extra = extra
        self._custom_calls: set[str] = set()
        self._functions: dict[str, str] = {}

    def read(self, raw: Raw, at: str) -> None:
        """Adds the message `raw`, which stands at the path `at`. Raises `InvalidRequest` or
        `CannotCarry`."""
        found = checked(_MESSAGE, raw, at)
        role = _ROLES.get(found.role)
        if role is None:
            message = f"Unknown role `{found.role}`."
            raise InvalidRequest(message, code="invalid_value", param=f"{at}.role")
        parts = _parts(found.content, f"{at}.content")
        if role == "tool":
            self._add_result(found, parts, at)
            return
        if role == "assistant":
            parts = [*_thoughts(found), *parts, *self._said_and_called(found, at)]
        self.messages.append(Message(role=role, parts=parts, name=found.name))

    def _said_and_called(self, found: _Message, at: str) -> list[Part]:
        parts: list[Part] = []
        if found.refusal:
            parts.append(Refusal(text=found.refusal))
        for index, call in enumerate(found.tool_calls or ()):
            parts.append(self._call(call, f"{at}.tool_calls[{index}]"))
        if found.function_call is not None:
            called = found.function_call
            call_id = f"call_function_{len(self._functions)}"
            self._functions[called.name or ""] = call_id
            parts.append(
                ToolCall(id=call_id, name=called.name or "", arguments=text_of_arguments(called.arguments))
            )
        if found.audio is not None:
            self._extra["messages.audio"] = True
        return parts

    def _call(self, call: WireCall, at: str) -> ToolCall:
        if call.custom is not None:
            self._custom_calls.add(call.id or "")
            return ToolCall(
                id=call.id or "", name=call.custom.name or "", arguments=call.custom.input or "", custom=True
            )
        if call.function is None:
            raise missing(f"{at}.function")
        arguments = text_of_arguments(call.function.arguments)
        return ToolCall(id=call.id or "", name=call.function.name or "", arguments=arguments)

    def _add_result(self, found: _Message, parts: list[Part], at: str) -> None:
        call_id = found.tool_call_id
        if found.role == "function":
            call_id = self._functions.get(found.name or "", found.name)
        if not call_id:
            raise missing(f"{at}.tool_call_id")
        inner: list[Text | Image | Document] = []
        for part in parts:
            if not isinstance(part, Text | Image | Document):
                raise InvalidRequest("A tool's result holds text, images and files.", param=f"{at}.content")
            inner.append(part)
        custom = call_id in self._custom_calls
        result = ToolResult(call_id=call_id, parts=inner, name=found.name, custom=custom)
        if self.messages and self.messages[-1].role == "tool":
            self.messages[-1].parts.append(result)
        else:
            self.messages.append(Message(role="tool", parts=[result]))


def _thoughts(found: _Message) -> list[Part]:
    text = found.reasoning_content or (found.reasoning if isinstance(found.reasoning, str) else None)
    return [Thinking(text=text, origin=ORIGIN)] if text else []


def _parts(content: str | list[Raw] | None, at: str) -> list[Part]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [Text(text=content)]
    return [_part(checked(_PART, raw, f"{at}[{i}]"), f"{at}[{i}]") for i, raw in enumerate(content)]


def _part(part: _Part, at: str) -> Part:
    match part.type:
        case "text":
            return Text(text=part.text or "", cache=part.cache_control)
        case "refusal":
            return Refusal(text=part.refusal or "")
        case "image_url":
            return _image(part.image_url, f"{at}.image_url")
        case "input_audio":
            if part.input_audio is None:
                raise missing(f"{at}.input_audio")
            return Audio(data=part.input_audio.data, format=part.input_audio.format)
        case "file":
            return _document(part.file, f"{at}.file")
    raise CannotCarry(f"No other model reads content of type `{part.type}`.", param=f"{at}.type")


def _image(found: _ImageUrl | str | None, at: str) -> Image:
    image = _ImageUrl(url=found) if isinstance(found, str) else found
    if image is None or not image.url:
        raise missing(f"{at}.url")
    media_type, data = data_url(image.url)
    url = image.url if data is None else None
    return Image(media_type=media_type, data=data, url=url, detail=image.detail)


def _document(file: _File | None, at: str) -> Document:
    if file is not None and file.file_id is not None:
        message = "A file stored at the provider cannot go to another model; send its content."
        raise CannotCarry(message, param=f"{at}.file_id")
    if file is None or file.file_data is None:
        raise missing(f"{at}.file_data")
    media_type, data = data_url(file.file_data)
    return Document(media_type=media_type, data=file.file_data if data is None else data, name=file.filename)
