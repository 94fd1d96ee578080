"""Which headers travel: the client's to a provider of its dialect, a provider's back, and our own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pointsman.core.money import TOKENS_PER_PRICE_UNIT

if TYPE_CHECKING:
    from pointsman.gateway.attempt import Attempt
    from pointsman.gateway.call import Call

SSE = b"text/event-stream"
JSON = b"application/json"


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


def returned(attempt: "Attempt") -> bytes:
    """Header lines for the client: content type, the provider's own that its dialect returns, and what
    could not be carried."""
    call = attempt.call
    streams = call.outline is not None and call.outline.stream
    if attempt.passes_through:
        lines = _lines(attempt.answer_headers, (b"content-type", *attempt.codec.return_headers))
    else:
        kind = call.codec.stream_type if streams else JSON
        lines = b"content-type: %s\r\n" % kind
    if streams:
        lines += b"cache-control: no-cache\r\n"
    if call.losses.fields:
        dropped = ", ".join(call.losses.fields)[:1000]
        lines += b"x-pointsman-dropped: %s\r\n" % dropped.encode("ascii", "replace")
    return lines


def own(call: "Call", target: str) -> bytes:
    """The `x-pointsman-*` lines that explain who answers and why; the cost comes apart, when known."""
    decision, caller = call.decision, call.caller
    agent = caller.agent_id if caller is not None else "unknown"
    if decision is None:
        return f"x-pointsman-request-id: {call.request_id}\r\nx-pointsman-agent: {agent}\r\n".encode()
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
