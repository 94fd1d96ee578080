"""Reads the header in which Codex describes a turn."""

from functools import lru_cache

import msgspec

HEADER = b"x-codex-turn-metadata"


class TurnMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of it that we use. `request_kind` is `turn` for ordinary work."""

    session_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    request_kind: str | None = None


EMPTY = TurnMetadata()
_decoder = msgspec.json.Decoder(TurnMetadata)


@lru_cache(maxsize=256)
def turn_metadata(value: bytes) -> TurnMetadata:
    """What the header's `value` says; all None if it is not what we expect.

    >>> turn_metadata(b'{"turn_id":"t1","request_kind":"turn"}').turn_id
    't1'
    """
    try:
        return _decoder.decode(value)
    except msgspec.MsgspecError:
        return EMPTY
