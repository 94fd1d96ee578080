"""The client for ordinary code."""

import logging
from types import TracebackType
from typing import Any, Final, Self, Unpack

from pointsman.client import calls
from pointsman.client.answers import Answer, NotReported
from pointsman.client.blocks import Block
from pointsman.client.calls import Call, Choice, Outcome, TaskFields, TaskResult
from pointsman.client.wire import wire_of

TIMEOUT_S: Final = 5.0
RETRIES: Final = 2
_logger = logging.getLogger("pointsman.client")


class Pointsman:
    """A gateway to report to: at `base_url` (else POINTSMAN_URL, else this machine's), with `api_key` (else
    POINTSMAN_API_KEY), as `agent` (else whom the key stands for).

    A report that cannot be made is logged and comes back as an Answer that is false; a `strict` client
    raises NotReported. Safe to use from many threads.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        agent: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        retries: int = RETRIES,
        strict: bool = False,
    ) -> None:
        self.agent = agent
        self.strict = strict
        self._wire = wire_of(base_url, api_key, timeout_s, retries)

    def feedback(
        self,
        request: Any,
        outcome: Outcome,
        *,
        quality: float | None = None,
        latency_ms: float | None = None,
        token_count: int | None = None,
        corrects: bool = False,
    ) -> Answer:
        """Says what became of a request. `request` is its id or its response; `quality` is 0 to 10.
        `corrects` takes the place of what was said before."""
        measured = calls.metadata(quality, latency_ms, token_count)
        return self._feedback(request, {"outcome": outcome, "metadata": measured or None}, corrects)

    def thumbs(self, request: Any, up: bool, *, corrects: bool = False) -> Answer:
        """Says whether a person liked an answer."""
        return self._feedback(request, {"thumbs": "up" if up else "down"}, corrects)

    def create_task(self, *, agent: str | None = None, **fields: Unpack[TaskFields]) -> Answer:
        """Begins a task; the answer's `id` names it. Under one `task_id` there is one task, however often it
        is begun."""
        key = None if "task_id" in fields else calls.new_key()
        return self._attempt(lambda: calls.create_task(agent or self.agent, fields, key))

    def task_outcome(self, task_id: str, **result: Unpack[TaskResult]) -> Answer:
        """Says what became of a task, all at once or bit by bit."""
        return self._attempt(lambda: calls.task_outcome(task_id, result))

    def get_task(self, task_id: str) -> Answer:
        """What the gateway knows of a task: the answer's `body`."""
        return self._attempt(lambda: calls.get_task(task_id))

    def recommend(self, task: str, **choice: Unpack[Choice]) -> Answer:
        """Which agent and which model should do a task: the answer's `body`, with the similar tasks as
        evidence. The text of `task` is not kept."""
        return self._attempt(lambda: calls.recommend(task, choice))

    def task(self, *, agent: str | None = None, **fields: Unpack[TaskFields]) -> "Task":
        """A block of work whose success or failure is reported: `with client.task(...) as task:`. Each run of
        it is a task of its own, also under the same `task_id`."""
        return Task(self, agent or self.agent, fields)

    def _feedback(self, request: Any, said: dict[str, Any], corrects: bool) -> Answer:
        return self._attempt(lambda: calls.feedback(self._named(), request, said, corrects=corrects))

    def _named(self) -> str:
        if self.agent is None:
            raise ValueError("feedback needs to know its agent: Pointsman(agent=...)")
        return self.agent

    def _attempt(self, made: Any) -> Answer:
        """Makes the call and sends it. Values that cannot be sent are an error like any other."""
        try:
            call: Call = made()
        except (TypeError, ValueError) as error:
            return self._reported(Answer(error=str(error)))
        return self._reported(self._wire.send(call))

    def _reported(self, answer: Answer) -> Answer:
        if not answer:
            if self.strict:
                raise NotReported(answer)
            _logger.warning("A report was not taken: %s", answer.error)
        return answer


class Task(Block):
    """A block of work. Its end is reported when the block is left; exceptions pass through."""

    def __init__(self, client: Pointsman, agent: str | None, fields: TaskFields) -> None:
        self._client = client
        super().__init__(agent, fields)

    def __enter__(self) -> Self:
        """Begins the task at the gateway with one try, so that the work does not wait for long; what fails
        is made up for at the end."""
        self.id = self._client._wire.send(self._begin, retries=0).id
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Reports the end. An exception of the block is never replaced by one of the report."""
        if self._is_a_copy:
            return
        answer = self._report(error)
        if not answer and self._client.strict and error is None:
            raise NotReported(answer)
        if not answer:
            _logger.warning("A task was not reported: %s", answer.error)

    def _report(self, error: BaseException | None) -> Answer:
        wire = self._client._wire
        if self.id is None:
            begun = wire.send(self._begin)
            if not begun or begun.id is None:
                return begun
            self.id = begun.id
        try:
            call = calls.task_outcome(self.id, self._ended(error))
        except (TypeError, ValueError) as bad:
            return Answer(error=str(bad))
        return wire.send(call)
