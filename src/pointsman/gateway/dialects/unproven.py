"""Thinking whose proof a provider cannot verify, since another provider of the same dialect gave it."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from pointsman.core.errors import PointsmanError, UpstreamRejected
from pointsman.gateway.dialects import anthropic, openai_responses
from pointsman.gateway.dialects.anthropic import rename as anthropic_rename
from pointsman.gateway.dialects.openai_responses import rename as responses_rename

_REFUSED: Final = re.compile(
    r"signature.{0,40}thinking|thinking.{0,40}signature|encrypted.content", re.IGNORECASE | re.DOTALL
)
_WITHOUT: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    anthropic.CODEC.name: anthropic_rename.without_thinking,
    openai_responses.CODEC.name: responses_rename.without_thinking,
}


def without_unproven(dialect: str, body: bytes, refusal: PointsmanError) -> bytes | None:
    """The body of a refused request without earlier thinking, if that is what was refused; else None.

    >>> refusal = UpstreamRejected("messages.1.content.0: Invalid `signature` in `thinking` block")
    >>> without_unproven("anthropic", b'{"messages":[]}', refusal)
    b'{"messages":[]}'
    >>> without_unproven("anthropic", b'{"messages":[]}', UpstreamRejected("max_tokens: too many"))
    """
    if dialect not in _WITHOUT or not isinstance(refusal, UpstreamRejected):
        return None
    return _WITHOUT[dialect](body) if _REFUSED.search(refusal.message) else None
