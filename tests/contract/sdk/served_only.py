"""A pytest plugin for the SDKs' own tests: leaves out those of endpoints that are not served, and writes the
result of each of the others to the file named in SDK_RESULTS, as JSON: test id to complaint, "" if it
passed."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

_UNSERVED = [re.compile(pattern) for pattern in json.loads(os.environ["SDK_UNSERVED"])]
_FOLDER = "tests/api_resources/"
_LONGEST = 400
_results: dict[str, str] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests that match a pattern."""
    left_out = [item for item in items if any(p.search(item.nodeid) for p in _UNSERVED)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keeps the last line of the first complaint."""
    name = report.nodeid.removeprefix(_FOLDER)
    _results.setdefault(name, "")
    if report.outcome != "passed" and not _results[name]:
        crash: Any = getattr(report.longrepr, "reprcrash", None)
        said = crash.message if crash else f"{report.outcome}: {report.longrepr}"
        _results[name] = said[:_LONGEST]


def pytest_sessionfinish() -> None:
    """Writes what was found."""
    Path(os.environ["SDK_RESULTS"]).write_text(json.dumps(_results))
