"""What the memory's background work does while its embedder's provider is away."""

from types import SimpleNamespace

import pytest

from pointsman.app.config import Config
from pointsman.app.memory_tasks import MemoryTasks
from pointsman.core.errors import UpstreamBroken
from pointsman.core.snapshot import AgentProfile, PolicySnapshot


class Memory:
    """A memory whose provider is away as long as `away`."""

    embedder, agents_dir, error = "shop/embed", None, None
    away = True

    def __init__(self):
        self.done = []

    def load(self):
        pass

    async def respect(self, pool, may_embed):
        self.done.append("respect")

    async def _embed(self, what):
        if self.away:
            raise UpstreamBroken("shop/embed is away")
        self.done.append(what)

    async def begin(self, pool, may_embed):
        await self._embed("begin")

    async def keep_up(self, pool, may_embed):
        await self._embed("keep up")

    async def read_agents(self, pool):
        await self._embed("read agents")


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def tasks(memory, tmp_path):
    snapshot = PolicySnapshot(
        version=1, targets={}, names={}, aliases={}, agents={}, default_agent=AgentProfile(id="default")
    )
    return MemoryTasks(
        SimpleNamespace(
            memory=memory,
            config=Config(),
            config_file=None,
            home=SimpleNamespace(home=tmp_path),
            parts=SimpleNamespace(mask=str),
            policies=SimpleNamespace(policy=SimpleNamespace(current=snapshot)),
        )
    )


async def test_a_provider_that_is_away_is_told_and_made_up_for(tasks, memory, caplog):
    await tasks.load()
    await tasks.begin(None)
    await tasks.keep_up(None)
    await tasks.look_around(None)
    assert (memory.error, memory.done) == ("shop/embed is away", ["respect"])
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    memory.away = False
    await tasks.look_around(None)
    await tasks.look_around(None)
    assert memory.error is None
    assert memory.done[1:] == ["respect", "begin", "read agents", "respect", "keep up", "read agents"]
