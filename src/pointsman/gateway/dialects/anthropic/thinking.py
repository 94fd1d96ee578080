"""Carries the proof of a thinking block through clients of this dialect, whoever made it.

Clients echo `signature` and `data` unread. The proof of another dialect's provider is written there with
its origin in front: echoed, it reaches the provider that can verify it, and never one of this dialect.
"""

from pointsman.core.chat import Thinking
from pointsman.core.stream import ThinkingSigned
from pointsman.gateway.dialects.anthropic.wire import ORIGIN

FOREIGN_MARK = "pointsman-thinking:"


def seal(block: Thinking | ThinkingSigned | None) -> str:
    """The `signature` or `data` for a block; None is a block that nobody signed."""
    if block is None:
        return f"{FOREIGN_MARK}n::"
    proof = block.signature if block.signature is not None else block.redacted
    if block.origin == ORIGIN and proof is not None:
        return proof
    form = "n" if proof is None else "s" if block.signature is not None else "r"
    return f"{FOREIGN_MARK}{form}:{block.origin or ''}:{proof or ''}"


def unseal(text: str, proof: str, *, redacted: bool) -> Thinking:
    """The block whose `signature` (or `data`, if `redacted`) is `proof`."""
    if not proof.startswith(FOREIGN_MARK):
        if redacted:
            return Thinking(redacted=proof, origin=ORIGIN)
        return Thinking(text=text, signature=proof, origin=ORIGIN) if proof else Thinking(text=text)
    form, _, rest = proof[len(FOREIGN_MARK) :].partition(":")
    origin, _, inner = rest.partition(":")
    return Thinking(
        text=text,
        signature=inner if form == "s" else None,
        redacted=inner if form == "r" else None,
        origin=origin or None,
    )
