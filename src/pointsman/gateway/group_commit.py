"""Journals all that ended in one turn of the event loop with one write.

Under load many answers end in the same turn, so they share the cost of a write; each waits for it, and its
end is sent right after it.
"""

import asyncio
import logging
from collections.abc import Callable

from pointsman.core.events import RequestRecord
from pointsman.core.ports import Recorder

log = logging.getLogger("pointsman.gateway")


class GroupCommit:
    """Stands before a recorder. Belongs to the loop that it is made in."""

    __slots__ = ("_loop", "_recorder", "_records", "_then")

    def __init__(self, recorder: Recorder) -> None:
        self._loop = asyncio.get_running_loop()
        self._recorder = recorder
        self._records: list[RequestRecord] = []
        self._then: list[Callable[[], None]] = []

    def append(self, record: RequestRecord, then: Callable[[], None]) -> None:
        """Has the record written at the end of this turn, and then calls `then`."""
        if not self._records:
            self._loop.call_soon(self.flush)
        self._records.append(record)
        self._then.append(then)

    def flush(self) -> None:
        """Writes what waits, now."""
        records, self._records = self._records, []
        waiting, self._then = self._then, []
        if records:
            self._recorder.append_all(records)
        for then in waiting:
            try:
                then()
            except Exception:
                log.exception("the end of an answer could not be sent")
