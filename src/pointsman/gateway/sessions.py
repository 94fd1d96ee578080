"""Reads the headers in which some clients name the conversation and the turn a request belongs to."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from xxhash import xxh3_64_hexdigest

from pointsman.gateway.turn_metadata import EMPTY, HEADER, turn_metadata

Headers = Mapping[bytes, bytes]
MAX_ID_CHARS = 128


class VendorSession(NamedTuple):
    """What a vendor's headers say. `agent` is None when they name a conversation but no product."""

    agent: str | None = None
    session: str | None = None
    turn: str | None = None
    subagent: str | None = None


NONE = VendorSession()


def opaque(value: str | bytes | None) -> str | None:
    """A client's own id, fit for logs and tables: as it is when short printable ASCII, else its hash;
    None when empty.

    >>> opaque(b"ses_42"), opaque("a\\0b"), opaque("")
    ('ses_42', 'x-d5a06cd078125351', None)
    """
    if not value:
        return None
    if isinstance(value, bytes):
        return _from_header(value) if len(value) <= MAX_ID_CHARS else _cleaned(value.decode("latin-1"))
    return _cleaned(value)


@lru_cache(maxsize=4096)
def _from_header(value: bytes) -> str:
    return _cleaned(value.decode("latin-1"))


def _cleaned(text: str) -> str:
    if len(text) <= MAX_ID_CHARS and text.isascii() and text.isprintable():
        return text
    return "x-" + xxh3_64_hexdigest(text.encode("utf-8", "surrogatepass"))


def _claude_code(headers: Headers) -> VendorSession:
    get = headers.get
    session = opaque(get(b"x-claude-code-session-id"))
    subagent = opaque(get(b"x-claude-code-agent-id"))
    if session and subagent:
        session = f"{session}/{subagent}"
    return VendorSession("claude-code", session, opaque(get(b"x-claude-code-prompt-id")), subagent)


def _codex(headers: Headers) -> VendorSession:
    get = headers.get
    described = get(HEADER)
    if described is None and get(b"originator", b"")[:5].lower() != b"codex":
        return NONE
    metadata = turn_metadata(described) if described is not None else EMPTY
    thread = get(b"thread-id") or metadata.thread_id
    session = thread or get(b"session-id") or get(b"session_id") or metadata.session_id
    subagent = get(b"x-openai-subagent") or (thread if b"x-codex-parent-thread-id" in headers else None)
    return VendorSession("codex", opaque(session), opaque(metadata.turn_id), opaque(subagent))


def _opencode(headers: Headers) -> VendorSession:
    session = headers.get(b"x-session-id") or headers[b"x-session-affinity"]
    return VendorSession("opencode", opaque(session))


def _session_id(headers: Headers) -> VendorSession:
    session = headers[b"x-session-id"]
    return VendorSession("opencode" if session.startswith(b"ses_") else None, opaque(session))


def _open_webui(headers: Headers) -> VendorSession:
    get = headers.get
    return VendorSession(
        "open-webui", opaque(get(b"x-openwebui-chat-id")), opaque(get(b"x-openwebui-message-id"))
    )


VENDORS: tuple[tuple[bytes, Callable[[Headers], VendorSession]], ...] = (
    (b"x-claude-code-session-id", _claude_code),
    (HEADER, _codex),
    (b"originator", _codex),
    (b"x-session-affinity", _opencode),
    (b"x-session-id", _session_id),
    (b"x-openwebui-chat-id", _open_webui),
    (b"x-openwebui-user-id", _open_webui),
    (b"x-openwebui-user-name", _open_webui),
    (b"x-openwebui-user-email", _open_webui),
)
"""The header that gives a vendor away, and who reads the rest; the first that finds something wins."""

_MARKERS = frozenset([marker for marker, _ in VENDORS])


def vendor_session(headers: Headers) -> VendorSession:
    """What the vendor headers among `headers` (names in lower case) say; `NONE` without any."""
    if _MARKERS.isdisjoint(headers):
        return NONE
    for marker, read in VENDORS:
        if marker in headers:
            found = read(headers)
            if found is not NONE:
                return found
    return NONE
