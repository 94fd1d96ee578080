"""Real agents tell by their traffic how the work went, without knowing it."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.agents import TASK, Project
from tests.contract.samples import DIRECT, MODELS
from tests.contract.test_aider import test_aider_edits_and_commits as run_aider
from tests.contract.test_codex import run_codex
from tests.contract.test_opencode import run_opencode

pytestmark = pytest.mark.skipif(DIRECT, reason="only the gateway sees outcomes")
PATIENCE_S = 20.0


def seen(url: str, agent: str, since: str, wanted: int) -> list[dict[str, Any]]:
    """The agent's outcomes of requests since a time, oldest request first; waits for `wanted` of them."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found: list[dict[str, Any]] = []
        with httpx.Client(base_url=f"{url}/api/v1", timeout=10) as client:
            page = client.get("/log", params={"agent": agent, "since": since, "limit": "50"}).json()
            for request_id in dict.fromkeys(one["request_id"] for one in reversed(page.get("attempts", []))):
                found += client.get(f"/requests/{request_id}").json()["outcomes"]
        if len(found) >= wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def codes(outcomes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["signal"], one["detail"]) for one in outcomes]


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@pytest.mark.parametrize("model", [*MODELS, "gpt-5.5"])
def test_codex_shows_that_its_tools_worked(
    project: Project, cli_packages: Path, gateway: str, model: str
) -> None:
    since = now()
    run_codex(project, cli_packages, gateway, model, TASK)
    assert codes(seen(gateway, "codex", since, 2))[-2:] == [("tool_result", "ok")] * 2


def test_opencode_shows_that_its_tools_worked(
    project: Project, cli_packages: Path, gateway: str, model: str
) -> None:
    since = now()
    run_opencode(project, cli_packages, gateway, model)
    assert codes(seen(gateway, "opencode", since, 2))[-2:] == [("tool_result", "ok")] * 2


def test_aiders_commit_shows_that_its_edit_was_kept(project: Project, gateway: str, model: str) -> None:
    since = now()
    run_aider(project, gateway, model)
    assert ("edit_kept", "committed") in codes(seen(gateway, "aider", since, 1))
