"""Clients that keep a gateway busy and remember what they were told."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping

from tests.gateway_world import CHAT, Reply, request, wire

_numbers = itertools.count()


class Load:
    """`workers` clients with a connection each, which ask one request after the other, in turn for whole
    and streamed answers, until told to stop. `finished` are the ids of requests whose whole answer came;
    `begun` those whose answer began and then broke off; `faults` what else came."""

    def __init__(
        self,
        port: int,
        model: str,
        *,
        workers: int = 16,
        pause_s: float = 0.002,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port
        self.model = model
        self.finished: list[str] = []
        self.begun: list[str] = []
        self.faults: Counter[str] = Counter()
        self._headers = headers
        self._pause_s = pause_s
        self._stopping = False
        self._tasks = [asyncio.create_task(self._work()) for _ in range(workers)]

    async def stop(self) -> None:
        """Lets the running requests end, and no more begin."""
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def count(self, wanted: int) -> None:
        """Waits until so many more requests are finished."""
        goal = len(self.finished) + wanted
        async with asyncio.timeout(60):
            while len(self.finished) < goal:
                await asyncio.sleep(0.01)

    async def _work(self) -> None:
        try:
            one = await wire(self.port)
            while not self._stopping:
                number = next(_numbers)
                body = CHAT.body(self.model, f"Number {number}.", stream=number % 2 == 0)
                one.send(request(body, CHAT.path, self._headers))
                self._note(await one.answer())
                await asyncio.sleep(self._pause_s)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.faults[type(error).__name__] += 1

    def _note(self, reply: Reply) -> None:
        if reply.status != 200:
            self.faults[str(reply.status)] += 1
        elif reply.whole:
            self.finished.append(reply.request_id)
        else:
            self.begun.append(reply.request_id)
            self.faults["broken off"] += 1
