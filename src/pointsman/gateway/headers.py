"""Which headers travel: the client's to a provider of its dialect, a provider's back, and our own."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from pointsman.core.money import TOKENS_PER_PRICE_UNIT

if TYPE_CHECKING:
    from pointsman.gateway.attempt import Attempt
    from pointsman.gateway.call import Call

JSON = b"application/json"
ID_NAMES = (b"request-id", b"x-request-id")
"""Where the dialects' SDKs look for the id to show in their errors."""


@lru_cache(maxsize=64)
def _names(patterns: tuple[bytes, ...]) -> tuple[frozenset[bytes], tuple[bytes, ...]]:
    """The exact names and the prefixes among `patterns`."""
    exact = frozenset([pattern for pattern in patterns if pattern[-1:] != b"*"])
    return exact, tuple([pattern[:-1] for pattern in patterns if pattern[-1:] == b"*"])


def _lines(pairs: Iterable[tuple[bytes, bytes]], patterns: tuple[bytes, ...]) -> bytes:
    exact, prefixes = _names(patterns)
    lines = b""
    for name, value in pairs:
        if name in exact or name.startswith(prefixes):
            lines += b"%b: %b\r\n" % (name, value)
    return lines


def forwarded(attempt: "Attempt") -> bytes:
    """Header lines for the provider: its own defaults, and on same-dialect calls the client's headers
    that belong to the dialect, unchanged. Never a credential."""
    theirs = attempt.call.exchange.headers
    lines = b""
    if attempt.passes_through:
        lines = _lines(theirs.items(), attempt.codec.forward_headers)
    defaults = attempt.upstream.endpoint.provider.headers
    return _with_defaults(lines, defaults) if defaults else lines


def _with_defaults(lines: bytes, defaults: Mapping[str, str]) -> bytes:
    """The lines, and those of `defaults` that they lack."""
    for name, value in defaults.items():
        key = name.lower().encode()
        if b"\n%b: " % key not in b"\n" + lines:
            lines += b"%b: %b\r\n" % (key, value.encode())
    return lines


@lru_cache(maxsize=64)
def _with_type(patterns: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return (b"content-type", *patterns)


def provider_lines(attempt: "Attempt") -> bytes:
    """The lines of a provider's refusal that its dialect's clients read. Not `retry-after`: the gateway
    writes that itself, in whole seconds."""
    told = [(name, value) for name, value in attempt.answer_headers if name != b"retry-after"]
    return _lines(told, attempt.codec.return_headers)


def returned(attempt: "Attempt") -> bytes:
    """Header lines for the client: content type, the provider's own that its dialect returns, and what
    could not be carried."""
    call = attempt.call
    streams = call.outline.stream
    if attempt.passes_through:
        lines = _lines(attempt.answer_headers, _with_type(attempt.codec.return_headers))
    else:
        kind = call.codec.stream_type if streams else JSON
        lines = b"content-type: %s\r\n" % kind
    lines += request_id(call, lines)
    if streams:
        lines += b"cache-control: no-cache\r\n"
    if call.losses.fields:
        dropped = ", ".join(call.losses.fields)[:1000]
        lines += b"x-pointsman-dropped: %s\r\n" % dropped.encode("ascii", "replace")
    return lines


def request_id(call: "Call", present: bytes = b"") -> bytes:
    """The request id under the dialect's own name, unless the lines `present` hold the provider's."""
    lines = b""
    for name in _id_names(call.codec.return_headers):
        if not (present.startswith(name + b":") or b"\n" + name + b":" in present):
            lines += b"%s: %s\r\n" % (name, call.request_id.encode())
    return lines


@lru_cache(maxsize=64)
def _id_names(patterns: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple([name for name in ID_NAMES if name in patterns])


def own(call: "Call", target: str) -> bytes:
    """The `x-pointsman-*` lines that explain who answers and why; the cost comes apart, when known."""
    agent = call.caller.agent_id if call.reached("caller") else "unknown"
    if not call.reached("decision"):
        return f"x-pointsman-request-id: {call.request_id}\r\nx-pointsman-agent: {agent}\r\n".encode()
    decision = call.decision
    took_over = f"took over from {decision.target}; " if target != decision.target else ""
    lines = (
        f"x-pointsman-request-id: {call.request_id}\r\n"
        f"x-pointsman-agent: {agent}\r\n"
        f"x-pointsman-model: {target}\r\n"
        f"x-pointsman-confidence: {decision.confidence:.2f}\r\n"
        f"x-pointsman-reason: {took_over}{decision.reason}\r\n"
    )
    return lines.encode("ascii", "replace")


def cost(usd_micros: int) -> bytes:
    """The cost's header line, in US dollars with six decimals."""
    dollars, micros = divmod(usd_micros, TOKENS_PER_PRICE_UNIT)
    return b"x-pointsman-cost-usd: %d.%06d\r\n" % (dollars, micros)
