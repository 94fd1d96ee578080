"""The official JavaScript SDKs, for providers of every wire form. The checks are in `js/*.mjs`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.node import run_script
from tests.contract.samples import PICTURE

SCRIPTS = Path(__file__).parent / "js"
PACED = "[[pace:10]]"


@pytest.mark.parametrize("sdk", ["openai", "anthropic", "ollama"])
def test_the_sdk_passes_all_its_checks(
    sdk: str,
    js_packages: Path,
    tmp_path: Path,
    gateway: str,
    faulty_model: str,
    upstream_requests: Callable[[], list[dict[str, Any]]],
) -> None:
    model = f"{faulty_model.split('-')[0]}-model"
    done = run_script(SCRIPTS / f"{sdk}.mjs", js_packages, tmp_path, [gateway, model, faulty_model, PICTURE])
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert {name: said for name, said in results.items() if said is not True} == {}
    assert len(results) >= 8
    [paced] = [r for r in upstream_requests() if PACED in json.dumps(r["body"])]
    assert paced["aborted"]
