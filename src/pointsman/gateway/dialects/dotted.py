"""Complaints about bodies whose paths are dotted (`messages.0.role`), as Anthropic and Ollama write them."""

import re
from typing import Final

from pointsman.core.errors import InvalidRequest
from pointsman.gateway.dialects.bodies import Checked, checking, parted

_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")


def misfit(error: Exception, at: str = "") -> InvalidRequest:
    """What a decoder's complaint means for the client; paths are written as `messages.0.role`."""
    place, reason = parted(error)
    inner = _INDEX.sub(r".\1", place).lstrip(".")
    param = ".".join([piece for piece in (at, inner) if piece])
    message = f"{param}: {reason}" if param else reason
    return InvalidRequest(message, code="invalid_type", param=param or None)


checked: Final[Checked] = checking(misfit)
