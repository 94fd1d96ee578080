"""aider, which uses no tools but edit blocks, at work before providers of every wire form."""

import subprocess

from tests.contract.agents import Project, aider, write_json
from tests.standin.coding import OUTPUT

OPTIONS = [
    "--edit-format=diff",
    "--yes-always",
    "--no-check-update",
    "--no-show-model-warnings",
    "--no-show-release-notes",
    "--no-analytics",
    "--no-gitignore",
    "--map-tokens=0",
    "--no-pretty",
    "--no-detect-urls",
]
FACTS = {"max_input_tokens": 100_000, "max_output_tokens": 4_000, "mode": "chat"}


def test_aider_edits_and_commits(project: Project, gateway: str, model: str) -> None:
    name = f"openai/{model}"
    # With this file in place aider does not ask the web for prices.
    prices = project.home / ".aider" / "caches" / "model_prices_and_context_window.json"
    write_json(prices, {name: {**FACTS, "litellm_provider": "openai"}})
    task = ["--message", "Please write hello.py", "hello.py"]
    project.run(
        [str(aider()), "--model", name, "--weak-model", name, *OPTIONS, *task],
        OPENAI_API_BASE=f"{gateway}/v1",
        OPENAI_API_KEY="caller",
        LITELLM_LOCAL_MODEL_COST_MAP="True",
    )
    assert project.program_output() == OUTPUT
    log = ["git", "log", "--format=%s"]
    commits = subprocess.run(log, cwd=project.root, capture_output=True, text=True, check=True, timeout=20)
    assert "feat: add hello.py" in commits.stdout
