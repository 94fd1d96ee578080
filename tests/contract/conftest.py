"""Fixtures: the stand-in provider, the gateway before it, and one model for each wire form.

POINTSMAN_CONTRACT_DIRECT=1 lets the clients speak to the stand-in itself, which proves the stand-in.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.agents import Project
from tests.contract.node import installed
from tests.contract.samples import DIRECT, FAULTY_MODELS, MODELS
from tests.contract.service import Gateway
from tests.standin import StandIn

HERE = Path(__file__).parent
collect_ignore = ["sdk"]  # what the SDKs' own tests are run with


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    """The provider behind everything."""
    with StandIn() as running:
        yield running


@pytest.fixture(scope="session")
def gateway(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a running `pointsman up`."""
    if DIRECT:
        yield standin.url
        return
    with Gateway(tmp_path_factory.mktemp("gateway"), standin.url) as running:
        yield running.url


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    """A model of each provider, so that every client meets every wire form."""
    return str(request.param)


_numbers = itertools.count()


@pytest.fixture(params=[m.removesuffix("-model") for m in MODELS])
def faulty_model(request: pytest.FixtureRequest) -> str:
    """The same, a fresh model for each test: the gateway avoids one that failed."""
    return f"{request.param}-faulty-{next(_numbers) % FAULTY_MODELS}"


@pytest.fixture
def upstream_requests(standin: StandIn) -> Callable[[], list[dict[str, Any]]]:
    """What the provider was asked since the test began, without the gateway's own inquiries."""
    standin.clear()
    return lambda: [r for r in standin.requests() if r["method"] == "POST"]


@pytest.fixture(scope="session")
def js_packages() -> Path:
    """The JavaScript SDKs."""
    return installed(HERE / "js")


@pytest.fixture(scope="session")
def cli_packages() -> Path:
    """The command-line agents that come from npm."""
    return installed(HERE / "clis")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project for a command-line agent."""
    return Project(tmp_path)
