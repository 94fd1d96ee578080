"""Says an error to a client, in the shape its dialect's clients parse."""

from pointsman.core.errors import PointsmanError, UpstreamFault
from pointsman.gateway import headers
from pointsman.gateway.call import Call

RETRY_LATER = frozenset({429, 503, 529})
DEFAULT_RETRY_AFTER_S = 2
NO_USE = "insufficient_quota"
"""The code of a 429 after which SDKs are told not to try again by themselves."""


def refuse(call: Call, error: PointsmanError) -> None:
    """Replies with `error`. A provider's own refusal goes to a client of its dialect byte for byte; 429,
    503 and 529 always carry a whole-second `retry-after`, without which some clients give up."""
    own = headers.own(call, call.decision.target if call.reached("decision") else "")
    if isinstance(error, UpstreamFault) and error.body is not None and _speaks(error, call):
        status, body, kind = error.status, error.body, error.content_type
        own += error.header_lines
    else:
        status, body = call.codec.render_error(error, call.request_id)
        kind = headers.JSON
    lines = b"%s%scontent-type: %s\r\n" % (own, headers.request_id(call, own), kind)
    if status in RETRY_LATER:
        lines += b"retry-after: %d\r\n" % max(error.retry_after_s or DEFAULT_RETRY_AFTER_S, 1)
    if error.code == NO_USE and b"x-should-retry:" not in lines:
        lines += b"x-should-retry: false\r\n"
    call.exchange.reply(status, lines, body)


def _speaks(error: UpstreamFault, call: Call) -> bool:
    """Whether the provider's words are in the client's dialect. A page of HTML is in nobody's."""
    return error.dialect == call.codec.name and error.content_type.startswith(headers.JSON)
