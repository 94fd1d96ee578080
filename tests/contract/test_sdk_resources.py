"""The SDKs' own resource tests against the gateway: all pass but those that `exceptions.py` lists."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import version
from typing import Any

import pytest
from tests.contract.exceptions import FAILING, RUN_FILES, UNSERVED_FILES, UNSERVED_TESTS, Failing
from tests.contract.sdk_service import WAYS, configured
from tests.contract.sdk_tests import Fetched, fetched, run
from tests.contract.service import Gateway
from tests.standin import StandIn

PATHS = {"openai": "/v1", "anthropic": ""}


@pytest.fixture(scope="module")
def archives() -> Fetched:
    return fetched()


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def url(way: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        StandIn(("--placeholders",)) as upstream,
        Gateway(tmp_path_factory.mktemp("sdk"), upstream.url, configured(way, upstream.url)) as running,
    ):
        yield running.url


@pytest.mark.parametrize("sdk", RUN_FILES)
def test_all_tests_pass_but_the_listed_ones(sdk: str, way: str, url: str, archives: Fetched) -> None:
    unserved = [entry.pattern for entry in UNSERVED_TESTS if entry.sdk == sdk]
    results = run(archives, sdk, url + PATHS[sdk], RUN_FILES[sdk], unserved)
    entries = [entry for entry in FAILING if entry.sdk == sdk and way in entry.ways]
    failed = {name: said for name, said in results.items() if said}
    assert {n: s for n, s in failed.items() if not any(expected(e, n, s) for e in entries)} == {}
    listed = {name for name in results if any(re.search(e.pattern, name) for e in entries)}
    assert listed - set(failed) == set()
    assert [e.pattern for e in entries if not any(re.search(e.pattern, n) for n in failed)] == []
    print(f"{sdk}, {way}: {len(results) - len(failed)} passed, {len(failed)} are exceptions")


def expected(entry: Failing, name: str, said: str) -> bool:
    """Whether this failure is the one that is listed."""
    return re.search(entry.pattern, name) is not None and entry.says in said


@pytest.mark.parametrize("sdk", RUN_FILES)
def test_every_file_of_tests_is_either_run_or_listed_as_not_served(sdk: str, archives: Fetched) -> None:
    patterns = [entry.pattern for entry in UNSERVED_FILES if entry.sdk == sdk]
    files = set(archives.test_files(sdk))
    assert set(RUN_FILES[sdk]) <= files
    assert [f for f in files - set(RUN_FILES[sdk]) if not any(fnmatch(f, p) for p in patterns)] == []
    assert [p for p in patterns if not any(fnmatch(f, p) for f in files)] == []
    assert [f for f in RUN_FILES[sdk] if any(fnmatch(f, p) for p in patterns)] == []


@pytest.mark.parametrize("sdk", RUN_FILES)
def test_the_tests_are_those_of_the_installed_sdk(sdk: str, archives: Fetched) -> Any:
    assert archives.folders[sdk].name == f"{sdk}-{version(sdk)}"
