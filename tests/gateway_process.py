"""A real `pointsman up` of its own: with its folder, its configuration and its port."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from pointsman.core.events import RequestRecord
from pointsman.core.outcomes import OutcomeRecord
from pointsman.store.reader import journals

POINTSMAN = Path(sys.executable).with_name("pointsman")
STOP_S = 60
READY_S = 120
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/nothing"
"""An address where no server listens: the gateway then keeps all rows in its journal."""


class GatewayProcess:
    """One gateway below `folder`. It may be started, stopped and killed any number of times; `with` starts
    and stops it. `environ` comes over the few variables that are inherited; `before` are words before the
    command that run it in another way."""

    def __init__(
        self,
        folder: Path,
        config: str,
        environ: Mapping[str, str] | None = None,
        *,
        before: Sequence[str] = (),
    ) -> None:
        self.home = folder / "home"
        self.config = folder / "pointsman.toml"
        self.config.write_text(config)
        self._environ = dict(environ or {})
        self._before = before
        self._stderr = folder / "stderr.txt"
        self.url = ""

    def start(self, *options: str) -> None:
        """Starts it and waits until it serves. Raises RuntimeError with what it said if it does not."""
        self.launch(*options)
        alarm = threading.Timer(READY_S, self.process.kill)
        alarm.start()
        line = self.process.stdout.readline() if self.process.stdout else ""
        alarm.cancel()
        if not line.startswith("{"):
            self.kill()
            raise RuntimeError(f"the gateway did not start: {line}{self.said()[-2000:]}")
        self.url = json.loads(line)["url"]

    def launch(self, *options: str) -> None:
        """Starts it and does not wait."""
        inherited = {n: os.environ[n] for n in ("PATH", "HOME", "LANG", "TMPDIR") if n in os.environ}
        places = {"POINTSMAN_HOME": str(self.home), "POINTSMAN_CONFIG": str(self.config)}
        with self._stderr.open("ab") as errors:
            self.process = subprocess.Popen(
                [*self._before, str(POINTSMAN), "up", "--json", "--port", "0", *options],
                env={**inherited, **places, **self._environ},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.wait()

    def terminate(self) -> None:
        """Asks it to end, and does not wait."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Asks it to end; its exit code."""
        self.terminate()
        return self.wait()

    def wait(self) -> int:
        """Waits for its end; its exit code."""
        try:
            return self.process.wait(STOP_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()

    def said(self) -> str:
        """What it wrote to standard error, all starts together."""
        return self._stderr.read_text()

    def logged(self) -> str:
        """Its log file."""
        return (self.home / "logs" / "gateway.log").read_text()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def admin(self) -> dict[str, str]:
        """The header that opens the control API."""
        token = (self.home / "admin.token").read_text().strip()
        return {"authorization": f"Bearer {token}"}

    def read_in(self) -> None:
        """Waits until it can read texts, which it learns while it already serves and which takes much
        memory for a moment. Raises TimeoutError."""
        deadline = time.monotonic() + READY_S
        while not self._status()["memory"]["embedder"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the gateway read no embedder: {self.said()[-2000:]}")
            time.sleep(0.1)

    def _status(self) -> Any:
        return httpx.get(f"{self.url}/api/v1/status", headers=self.admin, timeout=30).json()

    @property
    def resident_bytes(self) -> int:
        """How much memory it takes; call `read_in` before the first look."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def journal(self) -> list[RequestRecord]:
        """All rows that are still in its journals."""
        return [one for one in self._records() if isinstance(one, RequestRecord)]

    def outcomes(self) -> list[OutcomeRecord]:
        """All outcomes that are still in its journals."""
        return [one for one in self._records() if isinstance(one, OutcomeRecord)]

    def attempts_of(self, request_id: str) -> list[RequestRecord]:
        """The rows of one request in the journals."""
        return [row for row in self.journal() if row.request_id == request_id]

    def _records(self) -> Iterator[RequestRecord | OutcomeRecord]:
        for reader in journals(self.home / "journal"):
            for number in reader.segments():
                offset, more = 0, True
                while more:
                    chunk = reader.read(number, offset, closed=False)
                    yield from chunk.records
                    more = chunk.next > offset
                    offset = chunk.next

    def __enter__(self) -> "GatewayProcess":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.stop()
