"""Schemathesis against the gateway, with the vendors' own OpenAPI descriptions: no server errors, and every
answer's status, type and body as described. What is not so is a change in `exceptions.py`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.contract.exceptions import CHANGES, UNCHECKED, UNCOVERED, Change
from tests.contract.samples import MODELS
from tests.contract.specs import FILES, apply, written

SEED = os.environ.get("POINTSMAN_SCHEMA_SEED", "20260501")
EXAMPLES = {"openai": "40", "ollama": "15"}
BASE = {"openai": "/v1", "ollama": ""}
MODELS_BY_PATH = {
    "": MODELS,
    "/embeddings": ("embed-model",),
    "/completions": ("prose-model", *MODELS),
    "/api/embed": ("embed-model",),
}
RUN_S = 120


@pytest.mark.parametrize("name", FILES)
def test_every_answer_is_as_described(name: str, gateway: str, tmp_path: Path) -> None:
    file, settings = written(name, MODELS_BY_PATH, tmp_path)
    report = explored(file, settings, gateway + BASE[name], EXAMPLES[name])
    operations = sum(len(methods) for methods in json.loads(file.read_text())["paths"].values())
    assert (report["operations"]["tested"], report["complete"]) == (operations, True)
    assert report["test_cases"]["generated"] > 100
    print(f"{name}: {report['test_cases']['generated']} requests to {operations} operations")


def explored(description_file: Path, settings: Path, url: str, examples: str) -> Any:
    """Schemathesis' report; fails with its own words if any check does."""
    result = description_file.with_name("report.json")
    drawn = ["--max-examples", examples, "--seed", SEED, "--no-shrink", "--continue-on-failure"]
    drawn += ["--phases", "examples,coverage,fuzzing"]
    told = ["--report", "json", "--report-json-path", str(result), "--request-timeout", "20"]
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [program, "--config-file", settings, "run", description_file, "--url", url, *drawn, *told],
        env={**os.environ, "NO_COLOR": "1"},
        cwd=description_file.parent,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    return json.loads(result.read_text())


def test_a_change_that_fits_nothing_is_stale() -> None:
    with pytest.raises(KeyError):
        apply({"security": []}, Change("openai", "/servers", None, "so"))


def test_each_entry_is_of_a_description_there_is() -> None:
    assert {entry.description for entry in (*CHANGES, *UNCHECKED)} | {*UNCOVERED} == set(FILES)
