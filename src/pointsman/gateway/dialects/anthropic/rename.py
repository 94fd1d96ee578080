"""The same request under another model's name."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pointsman.gateway.dialects.anthropic.thinking import FOREIGN_MARK
from pointsman.gateway.dialects.bodies import FIELDS

_MARK = FOREIGN_MARK.encode()


class _Block(Struct, gc=False):
    type: str = ""
    signature: str = ""
    data: str = ""


class _Kind(Struct, gc=False):
    type: str = ""


class _Message(Struct, gc=False):
    role: str
    content: Raw


_MESSAGES = msgspec.json.Decoder(list[dict[str, Raw]])
_CONVERSATION = msgspec.json.Decoder(list[_Message])
_CONTENT = msgspec.json.Decoder(list[Raw])
_METADATA = msgspec.json.Decoder(dict[str, Raw])
_BLOCK = msgspec.json.Decoder(_Block)
_KIND = msgspec.json.Decoder(_Kind)
_THINKING = ("thinking", "redacted_thinking")
_NEEDS_THINKING = "clear_thinking"
"""How the kinds of context edits begin that are refused without thinking."""


def with_model(body: bytes, model: str) -> bytes:
    """The body asking for `model`, every other value byte for byte.

    Three exceptions, all of which a provider of this dialect refuses: thinking that another dialect's model
    produced, a thinking budget inside a tool loop that such a model began, and `metadata.agent_id`, which
    is meant for this gateway.
    """
    fields = FIELDS.decode(body)
    fields["model"] = Raw(msgspec.json.encode(model))
    if _MARK in body:
        fields["messages"] = _without(_is_foreign, _MARK, fields["messages"])
    _fit_budget(fields)
    metadata = fields.get("metadata")
    if metadata is not None and b'"agent_id"' in bytes(metadata):
        kept = _METADATA.decode(metadata)
        kept.pop("agent_id", None)
        fields["metadata"] = Raw(msgspec.json.encode(kept))
    return msgspec.json.encode(fields)


def without_thinking(body: bytes) -> bytes:
    """The body without the thinking of earlier answers, for a provider that cannot verify it."""
    fields = FIELDS.decode(body)
    fields["messages"] = _without(_is_thinking, b"thinking", fields["messages"])
    _fit_budget(fields)
    return msgspec.json.encode(fields)


def _without(is_out: Callable[[Raw], bool], mark: bytes, messages: Raw) -> Raw:
    """The messages without the blocks that are out, all of which hold `mark`; a message that held nothing
    else is left out."""
    kept: list[dict[str, Any]] = []
    for message in _MESSAGES.decode(messages):
        content = message.get("content", Raw())
        if mark in bytes(content) and bytes(content).startswith(b"["):
            blocks = [raw for raw in _CONTENT.decode(content) if not is_out(raw)]
            if not blocks:
                continue
            message["content"] = Raw(msgspec.json.encode(blocks))
        kept.append(message)
    return Raw(msgspec.json.encode(kept))


def _is_thinking(raw: Raw) -> bool:
    return b"thinking" in bytes(raw) and _KIND.decode(raw).type in _THINKING


def _is_foreign(raw: Raw) -> bool:
    if _MARK not in bytes(raw):
        return False
    block = _BLOCK.decode(raw)
    proof = block.signature if block.type == "thinking" else block.data
    return block.type in _THINKING and proof.startswith(FOREIGN_MARK)


def _fit_budget(fields: dict[str, Raw]) -> None:
    if b'"enabled"' in bytes(fields.get("thinking", b"")) and _loops_unthinking(fields["messages"]):
        _leave_thinking_out(fields)


def _loops_unthinking(messages: Raw) -> bool:
    """Whether tools' results are at the end, and the answer that asked for them begins without thinking."""
    answered, asking = False, Raw()
    for message in reversed(_CONVERSATION.decode(messages)):
        if message.role == "assistant":
            asking = message.content
        elif bytes(asking):
            break
        else:
            answered = answered or b'"tool_result"' in bytes(message.content)
    return answered and bytes(asking).startswith(b"[") and _first_kind(asking) not in _THINKING


def _first_kind(content: Raw) -> Any:
    block = next(iter(msgspec.json.decode(content)), None)
    return block.get("type") if isinstance(block, dict) else None


def _leave_thinking_out(fields: dict[str, Raw]) -> None:
    """Takes out the thinking budget, and what may not be said without."""
    del fields["thinking"]
    management = fields.get("context_management")
    if management is None or _NEEDS_THINKING.encode() not in bytes(management):
        return
    told = msgspec.json.decode(management)
    edits = [one for one in told.get("edits", ()) if not str(one.get("type")).startswith(_NEEDS_THINKING)]
    fields["context_management"] = Raw(msgspec.json.encode({**told, "edits": edits}))
