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
request_max_retries = 0
stream_max_retries = 0
"""


def binary(packages: Path) -> str:
    """Codex itself, without its Node.js launcher."""
    arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    folder = packages / "node_modules" / "@openai" / f"codex-{sys.platform}-{arch}"
    [found] = folder.glob("vendor/*/bin/codex")
    return str(found)


@pytest.mark.parametrize("model", [*MODELS, "gpt-5.5"])
def test_codex_writes_and_runs_a_file(
    project: Project,
    cli_packages: Path,
    gateway: str,
    model: str,
    upstream_requests: Callable[[], list[dict[str, Any]]],
) -> None:
    (project.home / "config.toml").write_text(CONFIG.format(model=model, url=gateway))
    command = [binary(cli_packages), "exec", "--skip-git-repo-check", TASK]
    said = project.run(command, CODEX_HOME=str(project.home), GATEWAY_KEY="caller")
    assert f"hello.py exists and prints: {OUTPUT}" in said
    assert project.program_output() == OUTPUT
    assert [r["status"] for r in upstream_requests()] == [200, 200, 200]
