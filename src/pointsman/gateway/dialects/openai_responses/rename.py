"""The same request under another model's name."""

import msgspec
from msgspec import Raw

from pointsman.gateway.dialects.bodies import FIELDS
from pointsman.gateway.dialects.openai_responses import wire
from pointsman.gateway.dialects.openai_responses.seal import FOREIGN_MARK

_INPUT = msgspec.json.Decoder(list[Raw])
_MARK = FOREIGN_MARK.encode()


def with_model(body: bytes, model: str) -> bytes:
    """The body asking for `model`, every other value byte for byte.

    One exception: reasoning items that another dialect's model produced are left out, because a provider
    of this dialect refuses a request with reasoning that it cannot verify.
    """
    fields = FIELDS.decode(body)
    fields["model"] = Raw(msgspec.json.encode(model))
    if _MARK in body and bytes(fields.get("input", b"")).startswith(b"["):
        items = [raw for raw in _INPUT.decode(fields["input"]) if not _is_foreign(raw)]
        fields["input"] = Raw(msgspec.json.encode(items))
    return msgspec.json.encode(fields)


def without_thinking(body: bytes) -> bytes:
    """The body without the reasoning of earlier answers, for a provider that cannot verify it."""
    fields = FIELDS.decode(body)
    if bytes(fields.get("input", b"")).startswith(b"["):
        items = [raw for raw in _INPUT.decode(fields["input"]) if wire.HEAD.decode(raw).kind != "reasoning"]
        fields["input"] = Raw(msgspec.json.encode(items))
    return msgspec.json.encode(fields)


def _is_foreign(raw: Raw) -> bool:
    if _MARK not in bytes(raw) or wire.HEAD.decode(raw).kind != "reasoning":
        return False
    return (wire.ITEM.decode(raw).encrypted_content or "").startswith(FOREIGN_MARK)
