"""Runs an answer's Python code and tests of it in a process of its own, with little memory and time, without
a network, without other programs, and without files but in a folder that goes with it.

It keeps clumsy code from doing harm. It reads what its user may read, so it is no place for code that
somebody means harm with. Only prompts that their owner wrote are tested so, and only if asked for.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from msgspec import Struct

PATIENCE_S: Final = 10.0
MAX_CODE_CHARS: Final = 100_000
_CHILD: Final = files("pointsman.calibration").joinpath("sandbox_child.py").read_text(encoding="utf-8")


class TestResult(Struct, frozen=True):
    """How many tests passed; `detail` is a short code for what happened."""

    __test__ = False

    passed: int
    detail: str


def run(code: str, tests: Sequence[str]) -> TestResult:
    """Runs the code, then each test, and counts those that raise nothing."""
    if len(code) > MAX_CODE_CHARS:
        return TestResult(0, "too_long")
    mark = secrets.token_hex(16)
    given = json.dumps({"mark": mark, "code": code, "tests": list(tests)})
    with tempfile.TemporaryDirectory(prefix="pointsman-tests-") as folder:
        said = _said(folder, given)
    if said is None:
        return TestResult(0, "timed_out")
    for line in said.splitlines():
        told, _, figures = line.partition(" ")
        if told == mark:
            passed = min(int(figures), len(tests))
            return TestResult(passed, "right" if passed == len(tests) else "partly" if passed else "wrong")
    return TestResult(0, "crashed")


def _said(folder: str, given: str) -> str | None:
    """What the process wrote; None if it had to be stopped."""
    child = Path(folder) / "child.py"
    child.write_text(_CHILD, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(child)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={"LANG": "C.UTF-8"},
        start_new_session=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            return process.communicate(given, timeout=PATIENCE_S)[0]
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill(process)


def _kill(process: "subprocess.Popen[str]") -> None:
    """Ends the process and whatever it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
