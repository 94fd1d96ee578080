"""Our own answer, as the signals see it: whose it was, what it held, what had been asked for."""

from typing import TYPE_CHECKING

from pointsman.core.chat import Finish, ToolCall
from pointsman.core.errors import PointsmanError
from pointsman.core.events import FinishState
from pointsman.core.features import Need
from pointsman.gateway.outcomes.asked import NOTHING_ASKED, Asked, Asker, Body

if TYPE_CHECKING:
    from pointsman.gateway.call import Call, Tried


JSON_SCHEMA = int(Need.JSON_SCHEMA)


class Answer:
    """One attempt's answer. `asked` is read from the request only when something hangs on it."""

    __slots__ = (
        "_asker",
        "_body",
        "_call",
        "calls",
        "error",
        "finish",
        "max_output_tokens",
        "state",
        "text",
        "tried",
    )

    def __init__(self, call: "Call", tried: "Tried", body: Body, asker: Asker) -> None:
        tally = tried.attempt.tally
        self.tried = tried
        self.state: FinishState = tried.state
        self.error: PointsmanError | None = tried.error
        self.finish: Finish | None = tally.finish
        self.text = "".join(tally.pieces)
        self.calls: list[ToolCall] = tally.calls()
        self.max_output_tokens = call.outline.max_output_tokens
        self._body = body
        self._call = call
        self._asker = asker

    @property
    def fell_back(self) -> bool:
        """Whether targets asked before this one failed."""
        return self.tried.attempt.target.id != self._call.tried[0].attempt.target.id

    @property
    def whole(self) -> bool:
        """Whether the model said all it wanted to say, and we kept all of it."""
        kept = self.tried.attempt.tally.all_kept
        return self.state is FinishState.COMPLETED and self.finish is not Finish.LENGTH and kept

    @property
    def plain(self) -> bool:
        """Whether it is all that was asked for, as far as its form tells: whole text, no calls, by the first
        target asked."""
        return (
            self.finish is Finish.STOP
            and not self.calls
            and self.text != ""
            and self.state is FinishState.COMPLETED
            and len(self._call.tried) == 1
        )

    @property
    def empty(self) -> bool:
        """Whether neither text nor a call came."""
        return self.tried.attempt.tally.empty

    @property
    def tokens_out(self) -> int:
        """What the answer cost in output tokens; 0 when nobody counted."""
        usage = self.tried.attempt.tally.usage
        return usage.output_tokens if usage is not None else 0

    @property
    def shown_s(self) -> float | None:
        """How long the client saw content before the end; None when it saw none."""
        first_s = self.tried.attempt.tally.first_content_s
        return None if first_s is None else max(self.tried.ended_s - first_s, 0.0)

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The tools that the request offered."""
        return self._call.outline.tool_names

    def asked(self) -> Asked:
        """The tools' schemas and the format asked for."""
        return self._asker.asked(self._body)

    def format_asked(self) -> Asked:
        """The same, where a format was asked for; else nothing, without reading the request."""
        wants = self._call.outline.needs & JSON_SCHEMA or self._body.raw.rfind(b"json_object") >= 0
        return self.asked() if wants else NOTHING_ASKED
