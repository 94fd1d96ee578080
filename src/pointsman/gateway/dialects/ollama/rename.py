"""The same request under another model's name."""

import msgspec
from msgspec import Raw

from pointsman.gateway.dialects.ollama.wire import FIELDS


def with_model(body: bytes, model: str) -> bytes:
    """The body asking for `model`, every other value byte for byte."""
    fields = FIELDS.decode(body)
    fields["model"] = Raw(msgspec.json.encode(model))
    return msgspec.json.encode(fields)
