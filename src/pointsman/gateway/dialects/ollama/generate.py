"""Requests of the older form with one prompt: to the canonical form, and back."""

from typing import Any

import msgspec

from pointsman.core.chat import ChatRequest, Message, Part, Text
from pointsman.core.errors import CannotCarry
from pointsman.gateway.dialects import bodies, dotted
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.ollama import settings, wire
from pointsman.gateway.dialects.ollama.messages import picture
from pointsman.gateway.dialects.ollama.turns import Turns


class _Body(settings.Settings):
    prompt: str | None = None
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    raw: bool | None = None
    context: list[int] | None = None
    images: list[str] | None = None


_BODY: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__) - {"template"}


def decode_request(body: bytes) -> ChatRequest:
    """The canonical request. Raises `InvalidRequest` for a misfit, and `CannotCarry` for a prompt with a
    suffix and for a context of token numbers, which mean nothing to another provider."""
    fields = dotted.checked(bodies.FIELDS, body)
    found = dotted.checked(_BODY, body)
    if not found.model:
        raise wire.missing("model")
    _refuse_foreign(found)
    parts: list[Part] = [picture(data) for data in found.images or ()]
    parts.append(Text(text=found.prompt or ""))
    messages = [Message(role="user", parts=parts)]
    if found.system:
        messages.insert(0, Message(role="system", parts=[Text(text=found.system)]))
    extra = settings.extras(fields, _KNOWN)
    if found.raw:
        extra["raw"] = True
    request = ChatRequest(model=found.model, messages=messages, extra=extra)
    settings.apply(request, found)
    return request


def _refuse_foreign(found: _Body) -> None:
    if found.suffix:
        raise CannotCarry("The chosen provider cannot fill in between a prompt and a suffix.", param="suffix")
    if found.context:
        raise CannotCarry(
            "The chosen provider cannot read the token numbers of another one; send the conversation.",
            param="context",
        )


def encode_request(request: ChatRequest, losses: Losses) -> bytes:
    """The body. Raises `CannotCarry` for tools and for more than one message besides the system's."""
    turns = Turns(losses)
    turns.read(request.messages)
    system = [message for message in turns.messages if message["role"] == "system"]
    rest = [message for message in turns.messages if message["role"] != "system"]
    if len(rest) != 1 or rest[0]["role"] != "user" or turns.messages[-1] is not rest[0]:
        raise CannotCarry("The chosen provider's endpoint takes one prompt only.", param="messages")
    if request.tools:
        raise CannotCarry("The chosen provider's endpoint knows no tools.", param="tools")
    body: dict[str, Any] = {"model": request.model, "prompt": rest[0]["content"]}
    if system:
        body["system"] = "\n".join([str(message["content"]) for message in system])
    if "images" in rest[0]:
        body["images"] = rest[0]["images"]
    body.update(settings.settings_of(request, losses))
    return msgspec.json.encode(body)
