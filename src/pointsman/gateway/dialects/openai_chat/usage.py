"""Token counts for streams whose client did not ask for them: asked for, and kept from the client."""

import re

import msgspec
from msgspec import Raw, Struct

from pointsman.gateway.dialects.bodies import FIELDS

_WISH = b'"stream_options":{"include_usage":true}'
_EMPTY_CHOICES = re.compile(rb'"choices"\s*:\s*(?:\[\s*\]|null)')
_BLANK_LINE = re.compile(rb"(\r\n\r\n|\n\r?\n|\r\r)")
_DATA = re.compile(rb"^data: ?([^\r\n]*)", re.MULTILINE)


class _Chunk(Struct, gc=False):
    choices: list[Raw] | None
    usage: dict[str, Raw] | None = None


_CHUNK: msgspec.json.Decoder[_Chunk] = msgspec.json.Decoder(_Chunk)


def with_usage(body: bytes) -> bytes:
    """The body asking for usage at the stream's end, every other value byte for byte."""
    if body.rfind(b"stream_options") < 0:
        end = body.rindex(b"}")
        comma = b"" if body[:end].rstrip().endswith(b"{") else b","
        return b"".join([body[:end], comma, _WISH, body[end:]])
    fields = FIELDS.decode(body)
    options: dict[str, Raw] = {}
    given = bytes(fields.get("stream_options", b"null"))
    if given.startswith(b"{"):
        options = FIELDS.decode(given)
    options["include_usage"] = Raw(b"true")
    fields["stream_options"] = Raw(msgspec.json.encode(options))
    return msgspec.json.encode(fields)


class UsageChunkFilter:
    """Takes the events out of a stream that bring nothing but usage. It is fed whole events only."""

    __slots__ = ()

    def __call__(self, whole: bytes) -> bytes:
        """The bytes less such events; the very same ones in nearly every case. Chunks with a null usage, and
        last chunks that carry both a choice and usage, stay."""
        if b'"usage"' not in whole or _EMPTY_CHOICES.search(whole) is None:
            return whole
        pieces = _BLANK_LINE.split(whole)
        pieces.append(b"")
        events = zip(pieces[::2], pieces[1::2], strict=True)
        return b"".join([event + end for event, end in events if not _is_usage_only(event)])


def _is_usage_only(event: bytes) -> bool:
    if b'"usage"' not in event:
        return False
    try:
        chunk = _CHUNK.decode(b"\n".join(_DATA.findall(event)))
    except (ValueError, RecursionError):
        return False
    return not chunk.choices and bool(chunk.usage)
