"""What came of a report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The gateway's answer. `status` is that of HTTP, None when there was none; `body` is what the gateway
    said; `error` is why the report was not taken, None when it was."""

    status: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    def __bool__(self) -> bool:
        """Whether the report was taken."""
        return self.error is None

    @property
    def id(self) -> str | None:
        """The id of what was reported."""
        found = self.body.get("id")
        return found if isinstance(found, str) else None


class NotReported(Exception):
    """Raised by a strict client for a report that was not taken; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.error)
        self.answer = answer
