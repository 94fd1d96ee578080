"""What a request asked for: its tools and the format of the answer, read once and remembered by hash."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Raw, Struct
from xxhash import xxh3_64_intdigest

from pointsman.core.chat import ChatRequest, ResponseFormat, Tool
from pointsman.core.errors import PointsmanError
from pointsman.gateway.dialects.registry import CODECS
from pointsman.gateway.outcomes.memory import Recent

MAX_ASKED_BYTES: Final = 512 * 1024
"""Larger tool lists are not looked into."""
_FIELDS: Final = frozenset(
    {"tools", "functions", "response_format", "text", "output_config", "output_format", "format"}
)
_RAW: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw])
HISTORY: Final[Mapping[str, str]] = {
    "openai_chat": "messages",
    "openai_responses": "input",
    "anthropic": "messages",
    "ollama_chat": "messages",
}
"""Where each wire form keeps the conversation. A form that is not here is not looked into."""


class Asked(Struct, frozen=True):
    """The callable tools by name, and the format of the answer."""

    tools: Mapping[str, Tool]
    format: ResponseFormat | None = None


NOTHING_ASKED: Final = Asked({})


class Asker:
    """Reads what requests ask for, the same tools once only."""

    def __init__(self, capacity: int = 256) -> None:
        self._known: Recent[tuple[str, int], Asked] = Recent(capacity)

    def asked(self, body: "Body") -> Asked:
        """What the body asks for; nothing where it cannot be read."""
        form = body.form
        if form not in HISTORY:
            return NOTHING_ASKED
        fields = {name: raw for name, raw in body.fields.items() if name in _FIELDS}
        text = msgspec.json.encode(fields)
        if len(text) > MAX_ASKED_BYTES:
            return NOTHING_ASKED
        key = (form, xxh3_64_intdigest(text))
        known = self._known.get(key)
        if known is None:
            known = _read(form, fields)
            self._known.put(key, known)
        return known


class Body:
    """A request's body and its wire form. Its fields are found once, when they are first asked for."""

    __slots__ = ("_fields", "form", "raw")

    def __init__(self, form: str, raw: bytes) -> None:
        self.form = form
        self.raw = raw
        self._fields: dict[str, Raw] | None = None

    @property
    def fields(self) -> dict[str, Raw]:
        """The body's fields; none when it is no object."""
        if self._fields is None:
            try:
                self._fields = _RAW.decode(self.raw)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self._fields = {}
        return self._fields


def canonical(form: str, history: list[Raw], fields: Mapping[str, Raw]) -> ChatRequest | None:
    """The canonical request of some messages and fields of a body; None where a codec refuses it."""
    body = {**fields, **_minimal(), HISTORY[form]: history}
    try:
        found = CODECS[form].decode_request(msgspec.json.encode(body))
    except (PointsmanError, msgspec.MsgspecError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, ChatRequest) else None


def _read(form: str, fields: Mapping[str, Raw]) -> Asked:
    request = canonical(form, [Raw(b'{"role":"user","content":"."}')], fields)
    if request is None:
        return NOTHING_ASKED
    return Asked({tool.name: tool for tool in request.tools}, request.response_format)


@lru_cache(maxsize=1)
def _minimal() -> Mapping[str, Raw]:
    """What some wire form will not do without."""
    return {"model": Raw(b'"m"'), "max_tokens": Raw(b"1")}
