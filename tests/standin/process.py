"""Runs the stand-in in a process of its own and talks to its control paths."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]


class StandIn:
    """A running stand-in; leaving the context ends the process."""

    def __init__(self, extra_arguments: tuple[str, ...] = ()) -> None:
        self.arguments = extra_arguments
        self.url = ""

    def __enter__(self) -> "StandIn":
        command = [sys.executable, "-m", "tests.standin", *self.arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        port = self.process.stdout.readline().strip()
        if not port.isdigit():
            raise RuntimeError(f"the stand-in did not start: exit code {self.process.wait(5)}")
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def requests(self) -> list[dict[str, Any]]:
        """Every request since the last `clear`, oldest first: `provider`, `method`, `path`, `query`,
        `headers`, `body` (decoded JSON, or text), `status`, `frames_sent`, `finished`, `aborted`, and
        `aborted_after_s`."""
        with urllib.request.urlopen(f"{self.url}/__requests", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def clear(self) -> None:
        """Forgets the requests and how often each fault has struck."""
        request = urllib.request.Request(f"{self.url}/__requests", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()
