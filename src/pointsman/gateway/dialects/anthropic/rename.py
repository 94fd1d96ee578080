"""The same request under another model's name."""

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


_MESSAGES = msgspec.json.Decoder(list[dict[str, Raw]])
_CONTENT = msgspec.json.Decoder(list[Raw])
_METADATA = msgspec.json.Decoder(dict[str, Raw])
_BLOCK = msgspec.json.Decoder(_Block)


def with_model(body: bytes, model: str) -> bytes:
    """The body asking for `model`, every other value byte for byte.

    Two exceptions, both of which a provider of this dialect refuses: thinking that another dialect's
    model produced, and `metadata.agent_id`, which is meant for this gateway.
    """
    fields = FIELDS.decode(body)
    fields["model"] = Raw(msgspec.json.encode(model))
    if _MARK in body:
        fields["messages"] = _without_foreign(fields["messages"])
    metadata = fields.get("metadata")
    if metadata is not None and b'"agent_id"' in bytes(metadata):
        kept = _METADATA.decode(metadata)
        kept.pop("agent_id", None)
        fields["metadata"] = Raw(msgspec.json.encode(kept))
    return msgspec.json.encode(fields)


def _without_foreign(messages: Raw) -> Raw:
    """The messages without foreign thinking; a message that held nothing else is left out."""
    kept: list[dict[str, Any]] = []
    for message in _MESSAGES.decode(messages):
        content = message.get("content", Raw())
        if _MARK in bytes(content) and bytes(content).startswith(b"["):
            blocks = [raw for raw in _CONTENT.decode(content) if not _is_foreign(raw)]
            if not blocks:
                continue
            message["content"] = Raw(msgspec.json.encode(blocks))
        kept.append(message)
    return Raw(msgspec.json.encode(kept))


def _is_foreign(raw: Raw) -> bool:
    if _MARK not in bytes(raw):
        return False
    block = _BLOCK.decode(raw)
    proof = block.signature if block.type == "thinking" else block.data
    return block.type in ("thinking", "redacted_thinking") and proof.startswith(FOREIGN_MARK)
