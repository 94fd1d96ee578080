"""opencode, which speaks chat completions, at work before providers of every wire form."""

import platform
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.contract.agents import TASK, Project, write_json
from tests.standin.coding import OUTPUT

QUIET = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_SHARE": "1",
}


def settings(url: str, model: str) -> dict[str, Any]:
    """`opencode.json` with the gateway as the only provider."""
    limit = {"context": 100_000, "output": 4_000}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "gateway",
        "options": {"baseURL": f"{url}/v1", "apiKey": "caller"},
        "models": {model: {"name": model, "tool_call": True, "limit": limit}},
    }
    return {
        "autoupdate": False,
        "share": "disabled",
        "small_model": f"gateway/{model}",
        "permission": {"edit": "allow", "bash": "allow", "webfetch": "deny"},
        "provider": {"gateway": provider},
    }


def binary(packages: Path) -> str:
    """opencode itself. Skips the test on machines for which the lock file has none."""
    found = sorted((packages / "node_modules").glob("opencode-*/bin/opencode"))
    if not found:
        pytest.skip(f"no opencode for {sys.platform} on {platform.machine()} in tests/contract/clis")
    return str(found[0])


def run_opencode(project: Project, packages: Path, url: str, model: str) -> str:
    """Has opencode do the task; what it said."""
    write_json(project.root / "opencode.json", settings(url, model))
    return project.run([binary(packages), "run", "--model", f"gateway/{model}", TASK], **QUIET)


def test_opencode_writes_and_runs_a_file(
    project: Project, cli_packages: Path, gateway: str, model: str
) -> None:
    said = run_opencode(project, cli_packages, gateway, model)
    assert f"hello.py exists and prints: {OUTPUT}" in said
    assert project.program_output() == OUTPUT
