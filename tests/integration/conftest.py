"""One gateway for all tests that do nothing to the process, and the upstream behind it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.gateway_process import NO_DATABASE, GatewayProcess
from tests.gateway_world import KEYS, close_wires, configuration
from tests.raw_upstream import RawUpstream
from tests.scratch import scratch_folder

from pointsman.store.pool import Connection, connect


@pytest.fixture(scope="session")
def upstream() -> Iterator[RawUpstream]:
    """The provider behind everything."""
    with RawUpstream() as running:
        yield running


@pytest.fixture(scope="session")
def shared_gateway(upstream: RawUpstream) -> Iterator[GatewayProcess]:
    """A gateway without a database: its rows stay in the journal."""
    with scratch_folder() as folder:
        config = configuration(upstream.url)
        with GatewayProcess(folder, config, {**KEYS, "DATABASE_URL": NO_DATABASE}) as running:
            yield running


@pytest.fixture
def gateway(shared_gateway: GatewayProcess) -> Iterator[GatewayProcess]:
    """The gateway, which must have outlived the test without meeting a bug."""
    before = shared_gateway.logged().count("met a bug")
    yield shared_gateway
    assert shared_gateway.process.poll() is None
    assert shared_gateway.logged().count("met a bug") == before


@pytest.fixture
async def port(gateway: GatewayProcess) -> AsyncIterator[int]:
    """Where it listens."""
    yield gateway.port
    await close_wires()


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """A connection to a database of its own."""
    opened = await connect(database)
    yield opened
    await opened.close()
