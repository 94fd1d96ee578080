"""Which headers travel: the client's to a provider of its dialect, a provider's back, and our own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pointsman.core.money import TOKENS_PER_PRICE_UNIT

if TYPE_CHECKING:
    from pointsman.gateway.attempt import Attempt
    from pointsman.gateway.call import Call

JSON = b"application/json"
ID_NAMES = (b"request-id", b"x-request-id")
"""Where the dialects' SDKs look for the id to show in their errors."""


def _wanted(name: bytes, patterns: tuple[bytes, ...]) -> bool:
    for pattern in patterns:
        if pattern == name or (pattern[-1:] == b"*" and name.startswith(pattern[:-1])):
            return True
    return False


def _lines(pairs: Iterable[tuple[bytes, bytes]], patterns: tuple[bytes, ...]) -> bytes:
    if not patterns:
        return b""
    return b"".join([b"%s: %s\r\n" % (name, value) for name, value in pairs if _wanted(name, patterns)])


def forwarded(attempt: "Attempt") -> bytes:
    """Header lines for the provider: its own defaults, and on same-dialect calls the client's headers
    that belong to the dialect, unchanged. Never a credential."""
    theirs = attempt.call.exchange.headers
    lines = b""
    if attempt.passes_through:
        lines = _lines(theirs.items(), attempt.codec.forward_headers)
    for name, value in attempt.upstream.endpoint.provider.headers.items():
        key = name.lower().encode()
        if not (attempt.passes_through and key in theirs and _wanted(key, attempt.codec.forward_headers)):
            lines += b"%s: %s\r\n" % (key, value.encode())
    return lines


def provider_lines(attempt: "Attempt") -> bytes:
    """The lines of a provider's refusal that its dialect's clients read. Not `retry-after`: the gateway
    writes that itself, in whole seconds."""
    patterns = tuple([name for name in attempt.codec.return_headers if name != b"retry-after"])
    return _lines(attempt.answer_headers, patterns)


def returned(attempt: "Attempt") -> bytes:
    """Header lines for the client: content type, the provider's own that its dialect returns, and what
    could not be carried."""
    call = attempt.call
    streams = call.outline.stream
    if attempt.passes_through:
        lines = _lines(attempt.answer_headers, (b"content-type", *attempt.codec.return_headers))
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
    wanted = call.codec.return_headers
    lines = b""
    for name in ID_NAMES:
        if name in wanted and not (present.startswith(name + b":") or b"\n" + name + b":" in present):
            lines += b"%s: %s\r\n" % (name, call.request_id.encode())
    return lines


def own(call: "Call", target: str) -> bytes:
    """The `x-pointsman-*` lines that explain who answers and why; the cost comes apart, when known."""
    agent = call.caller.agent_id if call.reached("caller") else "unknown"
    if not call.reached("decision"):
        return f"x-pointsman-request-id: {call.request_id}\r\nx-pointsman-agent: {agent}\r\n".encode()
    decision = call.decision
    lines = (
        f"x-pointsman-request-id: {call.request_id}\r\n"
        f"x-pointsman-agent: {agent}\r\n"
        f"x-pointsman-model: {target}\r\n"
        f"x-pointsman-confidence: {decision.confidence:.2f}\r\n"
        f"x-pointsman-reason: {decision.reason}\r\n"
    )
    return lines.encode("ascii", "replace")


def cost(usd_micros: int) -> bytes:
    """The cost's header line, in US dollars with six decimals."""
    dollars, micros = divmod(usd_micros, TOKENS_PER_PRICE_UNIT)
    return b"x-pointsman-cost-usd: %d.%06d\r\n" % (dollars, micros)
