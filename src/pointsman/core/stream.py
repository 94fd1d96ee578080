"""The canonical form of a streamed answer: small events, in order.

`index` numbers the answer's blocks (a run of text, one tool call, one stretch of thinking) in the
order in which they opened. Interleaved deltas of several open tool calls are allowed.
"""

from msgspec import Struct

from pointsman.core.chat import Finish, Usage
from pointsman.core.errors import PointsmanError


class Started(Struct, gc=False):
    """The upstream has begun; nothing the user can see has been produced yet."""

    id: str
    model: str
    created_s: int = 0


class TextDelta(Struct, gc=False):
    """More visible text."""

    index: int
    text: str


class RefusalDelta(Struct, gc=False):
    """More of a refusal."""

    index: int
    text: str


class ThinkingDelta(Struct, gc=False):
    """More reasoning text."""

    index: int
    text: str


class ThinkingSigned(Struct, gc=False):
    """The opaque proof of the thinking block `index` (or its redacted content)."""

    index: int
    signature: str | None = None
    redacted: str | None = None
    origin: str | None = None


class ToolCallStarted(Struct, gc=False):
    """A tool call opens."""

    index: int
    id: str
    name: str
    custom: bool = False


class ToolCallDelta(Struct, gc=False):
    """A fragment of the arguments (JSON text, or free text for custom tools)."""

    index: int
    fragment: str


class Finished(Struct, gc=False):
    """The model said why it stopped."""

    reason: Finish
    stop_sequence: str | None = None


class UsageReported(Struct, gc=False):
    """Token counts so far; later reports replace earlier ones."""

    usage: Usage


class Ping(Struct, gc=False):
    """Nothing but a sign of life."""


class StreamFailed(Struct):
    """The upstream reported an error inside the stream."""

    error: PointsmanError


StreamEvent = (
    Started
    | TextDelta
    | RefusalDelta
    | ThinkingDelta
    | ThinkingSigned
    | ToolCallStarted
    | ToolCallDelta
    | Finished
    | UsageReported
    | Ping
    | StreamFailed
)
