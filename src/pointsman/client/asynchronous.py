"""The client for code on an event loop: the same, in threads, so that it never holds the loop up."""

import asyncio
from types import TracebackType
from typing import Any, Self, Unpack

from pointsman.client.answers import Answer
from pointsman.client.blocks import R
from pointsman.client.calls import Choice, Outcome, TaskFields, TaskResult
from pointsman.client.synchronous import RETRIES, TIMEOUT_S, Pointsman, Task


class AsyncPointsman:
    """`Pointsman`, to be awaited."""

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
        self._client = Pointsman(
            base_url, api_key, agent, timeout_s=timeout_s, retries=retries, strict=strict
        )

    async def feedback(
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
        return await asyncio.to_thread(
            self._client.feedback,
            *(request, outcome),
            quality=quality,
            latency_ms=latency_ms,
            token_count=token_count,
            corrects=corrects,
        )

    async def thumbs(self, request: Any, up: bool, *, corrects: bool = False) -> Answer:
        """Says whether a person liked an answer."""
        return await asyncio.to_thread(self._client.thumbs, request, up, corrects=corrects)

    async def create_task(self, *, agent: str | None = None, **fields: Unpack[TaskFields]) -> Answer:
        """Begins a task; the answer's `id` names it."""
        return await asyncio.to_thread(self._client.create_task, agent=agent, **fields)

    async def task_outcome(self, task_id: str, **result: Unpack[TaskResult]) -> Answer:
        """Says what became of a task, all at once or bit by bit."""
        return await asyncio.to_thread(self._client.task_outcome, task_id, **result)

    async def get_task(self, task_id: str) -> Answer:
        """What the gateway knows of a task: the answer's `body`."""
        return await asyncio.to_thread(self._client.get_task, task_id)

    async def recommend(self, task: str, **choice: Unpack[Choice]) -> Answer:
        """Which agent and which model should do a task: the answer's `body`."""
        return await asyncio.to_thread(self._client.recommend, task, **choice)

    def task(self, *, agent: str | None = None, **fields: Unpack[TaskFields]) -> "AsyncTask":
        """A block of work whose success or failure is reported: `async with client.task(...) as task:`."""
        return AsyncTask(self._client.task(agent=agent, **fields))


class AsyncTask:
    """A block of work. Its end is reported when the block is left, also when it is cancelled."""

    def __init__(self, task: Task) -> None:
        self._task = task

    @property
    def id(self) -> str | None:
        """The task's id at the gateway, None while the gateway does not know of it."""
        return self._task.id

    def saw(self, response: R) -> R:
        """Notes that `response` belongs to this task, and returns it."""
        return self._task.saw(response)

    async def saw_hook(self, response: Any) -> None:
        """`saw` in the form that httpx.AsyncClient wants for a hook."""
        self._task.saw(response)

    def tell(self, **result: Unpack[TaskResult]) -> None:
        """Adds to what is reported at the end."""
        self._task.tell(**result)

    async def __aenter__(self) -> Self:
        """Begins the task at the gateway."""
        await asyncio.to_thread(self._task.__enter__)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Reports the end."""
        await asyncio.shield(asyncio.to_thread(self._task.__exit__, kind, error, trace))
