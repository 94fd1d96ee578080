"""What a block of work gathers for its report."""

import os
import time
from typing import TypeVar, Unpack

from pointsman.client import calls
from pointsman.client.calls import TaskFields, TaskResult
from pointsman.client.responses import request_id_of

R = TypeVar("R")


class Block:
    """A task that runs. `id` is its id at the gateway, None while the gateway does not know of it."""

    def __init__(self, agent: str | None, fields: TaskFields) -> None:
        self.id: str | None = None
        self._begin = calls.create_task(agent, fields, calls.new_key())
        self._result: TaskResult = {}
        self._request_ids: dict[str, None] = {}
        self._started_s = time.monotonic()
        self._process = os.getpid()

    def saw(self, response: R) -> R:
        """Notes that `response` (or the id of a request) belongs to this task, and returns it. One without
        an id of the gateway is passed over. Serves as a hook for responses of httpx, too."""
        request_id = request_id_of(response)
        if request_id is not None:
            self._request_ids[request_id] = None
        return response

    def tell(self, **result: Unpack[TaskResult]) -> None:
        """Adds to what is reported at the end. `success=False` reports a failure without an exception."""
        self._result.update(result)

    @property
    def _is_a_copy(self) -> bool:
        """Whether this process was forked inside the block, whose end is then not its to report."""
        return os.getpid() != self._process

    def _ended(self, error: BaseException | None) -> TaskResult:
        """The result. Of an exception only its type's name is told, since its text may hold anything. An
        interruption is neither success nor failure."""
        result: TaskResult = {"execution_time_seconds": time.monotonic() - self._started_s}
        if self._request_ids:
            result["request_ids"] = list(self._request_ids)
        if error is None:
            result["success"] = True
        else:
            result["error_message"] = type(error).__name__
            if isinstance(error, Exception):
                result["success"] = False
        result.update(self._result)
        if isinstance(error, Exception):
            result["success"] = False
        return result
