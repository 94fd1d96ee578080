"""The journal's file format: a header, then frames. Pure functions on bytes.

    segment = MAGIC, version (1 byte), frame*
    frame   = MARK (2 bytes), payload length (u32), CRC-32 of the payload (u32), payload

The payload is a record as msgpack; the mark says of which kind, and lets a reader find the next frame
after damage. Version 1 knew only the mark of requests; its segments are read like those of version 2.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from pointsman.core.events import RequestRecord
from pointsman.core.outcomes import OutcomeRecord

VERSION: Final = 2
READABLE: Final = frozenset({1, 2})
"""The versions whose segments are read."""
MAGIC: Final = b"PMJOURNAL"
HEADER: Final = MAGIC + bytes([VERSION])
MARK: Final = b"\xc1\xf5"
OUTCOME_MARK: Final = b"\xc1\xf6"
MARKS: Final = {MARK: 0, OUTCOME_MARK: 1}
"""Each kind of frame, and where its checksum starts, so that one kind cannot be damaged into the other."""
MAX_PAYLOAD_BYTES: Final = 1 << 20
_PREFIX: Final = struct.Struct("<2sII")
PREFIX_BYTES: Final = _PREFIX.size

_encode = msgspec.msgpack.Encoder().encode
_decode_request = msgspec.msgpack.Decoder(RequestRecord).decode
_decode_outcome = msgspec.msgpack.Decoder(OutcomeRecord).decode
_pack = _PREFIX.pack
_crc32 = zlib.crc32

Record = RequestRecord | OutcomeRecord


class Frame(Struct, gc=False):
    """One record and the offset just after it. `record` is None when the frame is whole but its payload
    cannot be read."""

    record: Record | None
    end: int


class Damage(Struct, gc=False):
    """Bytes that are no frame, followed by a whole one: `start` to `end`."""

    start: int
    end: int


def encode_frame(record: Record) -> bytes:
    """The frame of a record. Raises ValueError when it is over MAX_PAYLOAD_BYTES, UnicodeEncodeError or
    OverflowError when it cannot be written as msgpack."""
    payload = _encode(record)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a record of {len(payload)} bytes is too large for the journal")
    mark = MARK if type(record) is RequestRecord else OUTCOME_MARK
    return _pack(mark, len(payload), _crc32(payload, MARKS[mark])) + payload


def scan(data: bytes, base: int) -> Iterator[Frame | Damage]:
    """All frames in `data`, whose first byte stands at offset `base` of its file, and the damage between
    them. What follows the last whole frame is left to the caller: it may be unfinished."""
    position = 0
    while True:
        end = _frame_end(data, position)
        if end is None:
            start, position = position, _next_frame(data, position + 1)
            if position < 0:
                return
            yield Damage(base + start, base + position)
            continue
        yield Frame(_read(data, position, end), base + end)
        position = end


def _frame_end(data: bytes, position: int) -> int | None:
    """The end of the whole frame that starts at `position`, or None."""
    if position + PREFIX_BYTES > len(data):
        return None
    mark, length, checksum = _PREFIX.unpack_from(data, position)
    end: int = position + PREFIX_BYTES + length
    if mark not in MARKS or length > MAX_PAYLOAD_BYTES or end > len(data):
        return None
    found = _crc32(memoryview(data)[position + PREFIX_BYTES : end], MARKS[mark])
    return end if found == checksum else None


def _next_frame(data: bytes, position: int) -> int:
    """Where the next whole frame starts, or -1."""
    position = _find_mark(data, position)
    while position >= 0 and _frame_end(data, position) is None:
        position = _find_mark(data, position + 1)
    return position


def _find_mark(data: bytes, position: int) -> int:
    """Where the next mark of any kind is, or -1."""
    position = data.find(MARK[:1], position)
    while position >= 0 and data[position : position + len(MARK)] not in MARKS:
        position = data.find(MARK[:1], position + 1)
    return position


def _read(data: bytes, start: int, end: int) -> Record | None:
    decode = _decode_outcome if data.startswith(OUTCOME_MARK, start) else _decode_request
    try:
        return decode(memoryview(data)[start + PREFIX_BYTES : end])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
