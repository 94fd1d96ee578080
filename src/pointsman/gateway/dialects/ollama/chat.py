"""Requests of the chat form: to the canonical form, and back."""

from typing import Any

import msgspec
from msgspec import Struct

from pointsman.core.chat import ChatRequest, Json, Tool
from pointsman.gateway.dialects import bodies, dotted
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.custom_tools import wrap_request
from pointsman.gateway.dialects.ollama import settings, wire
from pointsman.gateway.dialects.ollama.messages import read_messages
from pointsman.gateway.dialects.ollama.turns import Turns, tool_of


class _Function(Struct):
    name: str
    description: str | None = None
    parameters: Json = None


class _Tool(Struct):
    function: _Function


class _Body(settings.Settings):
    messages: list[wire.WireMessage] | None = None
    tools: list[_Tool] | None = None


_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__)


def decode_request(body: bytes) -> ChatRequest:
    """The canonical request. Raises `InvalidRequest` for a misfit."""
    fields = dotted.checked(bodies.FIELDS, body)
    found = dotted.checked(_BODY, body)
    if not found.model:
        raise wire.missing("model")
    request = ChatRequest(
        model=found.model,
        messages=read_messages(found.messages or ()),
        tools=[_tool(tool.function) for tool in found.tools or ()],
        extra=settings.extras(fields, _KNOWN),
    )
    settings.apply(request, found)
    return request


def _tool(function: _Function) -> Tool:
    return Tool(name=function.name, description=function.description, parameters=function.parameters)


def encode_request(request: ChatRequest, losses: Losses) -> bytes:
    """The body. Raises `CannotCarry` for several choices, sound, files, and pictures without content."""
    request = wrap_request(request)
    turns = Turns(losses)
    turns.read(request.messages)
    body: dict[str, Any] = {"model": request.model, "messages": turns.messages}
    tools = _offered(request, losses)
    if tools:
        body["tools"] = [tool_of(tool, losses) for tool in tools]
    body.update(settings.settings_of(request, losses))
    return msgspec.json.encode(body)


def _offered(request: ChatRequest, losses: Losses) -> list[Tool]:
    """The tools to offer. This dialect cannot force a call: a wish for one tool leaves only that one."""
    choice = request.tool_choice
    if choice is None or choice.mode == "auto":
        return request.tools
    if choice.mode == "none":
        return []
    losses.drop("tool_choice")
    return [tool for tool in request.tools if choice.mode == "required" or tool.name == choice.name]
