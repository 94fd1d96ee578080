"""Codex CLI, which speaks Responses only, at work before providers of every wire form."""

import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.agents import TASK, Project
from tests.contract.samples import MODELS
from tests.standin.coding import OUTPUT

CONFIG = """
model = "{model}"
model_provider = "gateway"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.gateway]
name = "gateway"
base_url = "{url}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
request_max_retries = {retries}
stream_max_retries = {retries}
"""


def binary(packages: Path) -> str:
    """Codex itself, without its Node.js launcher."""
    arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    folder = packages / "node_modules" / "@openai" / f"codex-{sys.platform}-{arch}"
    [found] = folder.glob("vendor/*/bin/codex")
    return str(found)


def run_codex(project: Project, packages: Path, url: str, model: str, task: str, retries: int = 0) -> str:
    config = CONFIG.format(model=model, url=url, retries=retries)
    (project.home / "config.toml").write_text(config)
    command = [binary(packages), "exec", "--skip-git-repo-check", task]
    return project.run(command, CODEX_HOME=str(project.home), GATEWAY_KEY="caller")


@pytest.mark.parametrize("model", [*MODELS, "gpt-5.5"])
def test_codex_writes_and_runs_a_file(
    project: Project,
    cli_packages: Path,
    gateway: str,
    model: str,
    upstream_requests: Callable[[], list[dict[str, Any]]],
) -> None:
    said = run_codex(project, cli_packages, gateway, model, TASK)
    assert f"hello.py exists and prints: {OUTPUT}" in said
    assert project.program_output() == OUTPUT
    assert [r["status"] for r in upstream_requests()] == [200, 200, 200]


@pytest.mark.parametrize("fault", ["status:429 retry-after:1 times:1", "truncate times:1"])
def test_codex_recovers_from_a_passing_fault(
    project: Project, cli_packages: Path, gateway: str, faulty_model: str, fault: str
) -> None:
    task = f"Say good morning [[chunks:3]] [[{fault}]]"
    said = run_codex(project, cli_packages, gateway, faulty_model, task, retries=2)
    assert "word0 word1 word2" in said
