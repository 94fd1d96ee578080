"""opencode, which speaks chat completions, at work before providers of every wire form."""

from pathlib import Path
from typing import Any

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


def test_opencode_writes_and_runs_a_file(
    project: Project, cli_packages: Path, gateway: str, model: str
) -> None:
    write_json(project.root / "opencode.json", settings(gateway, model))
    [binary] = (cli_packages / "node_modules").glob("opencode-*/bin/opencode")
    said = project.run([str(binary), "run", "--model", f"gateway/{model}", TASK], **QUIET)
    assert f"hello.py exists and prints: {OUTPUT}" in said
    assert project.program_output() == OUTPUT
