"""Carries the proof of a thinking block inside `encrypted_content`, and back.

A proof from this dialect's own providers is bound to its item's id, so both travel as one signature.
A proof from another dialect is written with its origin in front. A client that echoes it gives us back
what its provider will verify; a provider of this dialect must never see it.
"""

from pointsman.core.chat import Thinking
from pointsman.core.stream import ThinkingSigned

ORIGIN = "openai_responses"
FOREIGN_MARK = "pointsman-thinking:"
_ID_END = "|"


def seal(block: Thinking | ThinkingSigned | None) -> tuple[str | None, str | None]:
    """Item id (None: any will do) and `encrypted_content` for a block; None is a block that nobody
    signed. Every block that is not this dialect's own is marked, even without a proof."""
    if block is None:
        return None, f"{FOREIGN_MARK}n::"
    proof = block.signature if block.signature is not None else block.redacted
    if block.origin == ORIGIN:
        item_id, end, content = (proof or "").partition(_ID_END)
        return (item_id, content) if end else (None, proof)
    form = "n" if proof is None else "s" if block.signature is not None else "r"
    return None, f"{FOREIGN_MARK}{form}:{block.origin or ''}:{proof or ''}"


def unseal(item_id: str | None, content: str, *, has_text: bool) -> tuple[str | None, str | None, str | None]:
    """Signature, redacted content and origin of an item's `encrypted_content`."""
    if content.startswith(FOREIGN_MARK):
        form, _, rest = content[len(FOREIGN_MARK) :].partition(":")
        origin, _, proof = rest.partition(":")
        return proof if form == "s" else None, proof if form == "r" else None, origin or None
    proof = f"{item_id}{_ID_END}{content}" if item_id else content
    return (proof, None, ORIGIN) if has_text else (None, proof, ORIGIN)
