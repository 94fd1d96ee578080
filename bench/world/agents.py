"""Simulated agents and the humans behind them. What they send is what such clients send, and nothing else.

A human asks for something; the agent has the model edit, and then runs the tests. Bad work shows as arguments
that are no JSON, edits that do not apply, failing commands, and tests that stay red. The agent lets the model
try again a few times. In the end the human sees the result: bad work is corrected often but not always, good
work is rarely praised, and many conversations just end."""

from collections.abc import AsyncIterator
from random import Random
from typing import Final, NamedTuple

from bench.world.clients import CLIENTS, Aider, Client, Result
from bench.world.provider import Task, Work
from bench.world.running import Gateway
from bench.world.truth import AGENTS, best_value

TRIES: Final = 3
"""How often an agent lets the model try before it hands the work back."""
CORRECTED_SHARE: Final = 0.6
PRAISED_SHARE: Final = 0.1
GOES_ON_SHARE: Final = 0.5
"""Of bad work that is corrected, of good work that is praised, of conversations that go on with a task."""
FALSE_ALARM_SHARE: Final = 0.03
"""How often something fails that the model is not to blame for."""

TASKS: Final = {
    "code": (
        "Implement the function {0} in the Python class and refactor the method",
        "Fix the bug in {0}: the code raises an exception, here is the stack trace",
        "Add a feature to the TypeScript component {0} and update the imports",
        "Refactor the {0} class so that the method compiles with the new interface",
    ),
    "infrastructure": (
        "Deploy the service {0} to the Kubernetes cluster",
        "Write a Dockerfile and the CI pipeline for {0}",
        "Set up Terraform for the {0} network and the load balancer",
        "Configure nginx for {0} and renew the certificate on the production server",
    ),
    "testing": (
        "Write unit tests with pytest for the module {0}",
        "Increase the test coverage of {0} with fixtures and mocks",
        "Add an integration test with fixtures for {0}",
    ),
    "data": (
        "Write a SQL query that joins the tables of {0} and groups by month",
        "Create a database migration that adds an index to {0}",
        "Clean the CSV file of {0} and load the data into the table",
    ),
}
NAMES: Final = (
    "orders",
    "ledger",
    "search",
    "signup",
    "billing",
    "report",
    "upload",
    "session",
    "catalog",
    "inbox",
)
GREEN: Final = "===== 12 passed in 0.52s ====="
RED: Final = "FAILED tests/test_part.py::test_{0} - assert 1 == 2\n===== 1 failed, 11 passed in 0.61s ====="


GOES_ON, TRIED, STALLED = "turn goes on", "tried", "stalled"
"""How the gateway's reasons begin (`x-pointsman-reason`)."""


class Asked(NamedTuple):
    """A request that was answered: by whom, in which domain; `side` requests are no work, `work` is what was
    made of an edit. `tried` says that the gateway explored with its turn, `given_up` which model it took work
    from that got nowhere or was sent back."""

    agent: str
    domain: str
    model: str
    side: bool = False
    work: Work | None = None
    tried: bool = False
    given_up: str = ""

    def is_best(self, *, drifted: bool) -> bool:
        """Whether it went to the model of best value."""
        return self.model == best_value(self.agent, self.domain, drifted=drifted, given_up=self.given_up)


class Agent:
    """One agent: works on one task after another."""

    def __init__(self, name: str, gateway: Gateway, chance: Random) -> None:
        self.name = name
        self._gateway = gateway
        self._chance = chance
        self._number = 0
        self._tasks = 0
        self._client: Client | None = None
        self._tried = False
        self._model = self._given_up = ""

    async def task(self) -> AsyncIterator[Asked]:
        """Works on the next task, a request at a time."""
        chance = self._chance
        if self._client is None or chance.random() >= GOES_ON_SHARE:
            self._number += 1
            form = CLIENTS[AGENTS[self.name].form]
            self._client = form(self._gateway, self.name, f"{self.name}-session-{self._number:04}")
        self._tasks += 1
        domain = chance.choice(AGENTS[self.name].domains)
        words = chance.choice(TASKS[domain]).format(chance.choice(NAMES))
        text = f"{words}, number {chance.randrange(1000)}."
        again = 0
        while True:
            made = self._edited_as_text if isinstance(self._client, Aider) else self._edited_by_tools
            good = True
            async for asked in made(self._client, domain, text):
                good = asked.work.good if asked.work is not None else good
                yield asked
            if not good and again < 2 and chance.random() < CORRECTED_SHARE:
                again += 1
                text = chance.choice(
                    ("No, that is wrong. Try again.", "That still does not work.", "You forgot a part.")
                )
                continue
            if not good:
                self._client = None  # gives up on it, without a word
            elif chance.random() < PRAISED_SHARE:
                async for asked in self._thanked(domain):
                    yield asked
            return

    async def _edited_by_tools(self, client: Client, domain: str, text: str) -> AsyncIterator[Asked]:
        """Codex and Claude-style loops: edit, test, and so on, then a last word."""
        self._next(domain, "edit")
        await client.say(text)
        for attempt in range(TRIES):
            work = self._gateway.provider.work
            yield self._asked(domain, work)
            good = work.good and self._chance.random() >= FALSE_ALARM_SHARE
            if work.broken:
                result = Result("failed to parse function arguments: EOF while parsing", is_error=True)
                self._next(domain, "edit")
                await client.bring(result)
                continue
            if not good and self._chance.random() < 0.25:
                self._next(domain, "edit")
                await client.bring(
                    Result("apply_patch verification failed: string to replace not found", is_error=True)
                )
                continue
            self._next(domain, "test")
            await client.bring(Result("Done."))
            yield self._asked(domain)
            last = good or attempt == TRIES - 1
            self._next(domain, "final" if last else "edit")
            await client.bring(Result(GREEN if good else RED.format(self._number), is_error=not good))
            if last:
                yield self._asked(domain)
                return

    async def _edited_as_text(self, client: Client, domain: str, text: str) -> AsyncIterator[Asked]:
        """Aider: a block of changes, which applies or not; tests run only when they fail is it told; a commit
        keeps what is good."""
        said = text
        for _ in range(TRIES):
            self._next(domain, "blocks")
            await client.say(said)
            work = self._gateway.provider.work
            yield self._asked(domain, work)
            if work.good and self._chance.random() >= FALSE_ALARM_SHARE:
                self._next(domain, "commit")
                await client.commit(text)  # type: ignore[attr-defined]
                yield self._asked(domain, side=True)
                return
            if self._chance.random() < 0.4:
                said = "# 1 SEARCH/REPLACE block failed to match!\n\nsrc/part.py\n```\na\n```"
            else:
                output = RED.format(self._number)
                said = f"I ran this command:\n\npytest -q\n\nAnd got this output:\n\n{output}"

    async def _thanked(self, domain: str) -> AsyncIterator[Asked]:
        self._next(domain, "final")
        assert self._client is not None
        await self._client.say("Thanks, that works.")
        yield self._asked(domain)

    def _next(self, domain: str, step: str) -> None:
        self._gateway.provider.task = Task(self.name, domain, step, self._tasks)

    def _asked(self, domain: str, work: Work | None = None, *, side: bool = False) -> Asked:
        reason, model = self._gateway.reason, self._gateway.provider.work.model
        if not side and not reason.startswith(GOES_ON):
            self._tried = reason.startswith(TRIED)
            self._given_up = self._model if reason.startswith(STALLED) else ""
        if not side:
            self._model = model
        return Asked(self.name, domain, model, side, work, self._tried, self._given_up)
