"""The process that loads the journals into the request log, beside the gateway: it takes CPU time that no
request shall wait for."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pointsman.app.child import Child, Program, State
from pointsman.app.loader_settings import LoaderSettings
from pointsman.store.loader import Loader, LoaderCounts
from pointsman.store.pool import Pool


class Loading:
    """Keeps the process running once the database is there."""

    def __init__(self, journals: Path, counts: Path, logs: Path, environ: Mapping[str, str]) -> None:
        self._journals = journals
        self._counts = counts
        self._logs = logs
        self._environ = environ
        self._child: Child | None = None

    def start(self, dsn: str) -> None:
        """Starts the process in the background."""
        if self._child is None:
            self._counts.unlink(missing_ok=True)
            self._child = Child(self._program(dsn))
            self._child.start()

    def counts(self) -> LoaderCounts | None:
        """What the process has done; None before it has said anything."""
        try:
            return msgspec.json.decode(self._counts.read_bytes(), type=LoaderCounts)
        except (OSError, msgspec.MsgspecError):
            return None

    def states(self) -> list[State]:
        """How the process is; empty before there is one."""
        return [] if self._child is None else [self._child.state]

    async def drain(self, pool: Pool) -> None:
        """Loads all there is now, taking turns with the process. Raises DatabaseAway."""
        await Loader(self._journals, pool).drain()

    async def stop(self) -> None:
        """Ends the process. What it was loading is loaded by whoever comes next."""
        if self._child is not None:
            await self._child.stop()

    def _program(self, dsn: str) -> Program:
        settings = LoaderSettings(
            parent_pid=os.getpid(), dsn=dsn, journals=str(self._journals), counts=str(self._counts)
        )
        return Program(
            name="loader",
            module="pointsman.app.loader_child",
            settings=msgspec.json.encode(settings),
            log=self._logs / "loader.log",
            environ=self._environ,
        )
