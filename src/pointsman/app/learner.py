"""The process that learns, beside the gateway: fits take CPU time that no request shall wait for."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from pointsman.app.child import Child, Program, State
from pointsman.app.config.schema import Config
from pointsman.app.learner_settings import LearnerSettings
from pointsman.learning.work import Options

ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Learner:
    """Keeps the process running from `start` on, when the database is there, unless `[learning]` turns it
    off."""

    def __init__(self, config: Config, logs: Path, environ: Mapping[str, str]) -> None:
        self._config = config
        self._logs = logs
        self._environ = environ
        self._dsn: str | None = None
        self._child: Child | None = None
        self._changing = asyncio.Lock()

    @property
    def intervals_s(self) -> Mapping[str, float]:
        """How often it runs each phase, by name; empty when `[learning]` turns it off."""
        return options_of(self._config).intervals_s if self._config.learning.enabled else {}

    def start(self, dsn: str) -> None:
        """Starts the process in the background."""
        self._dsn = dsn
        if self._config.learning.enabled:
            self._child = Child(self._program(dsn))
            self._child.start()

    async def follow(self, config: Config) -> None:
        """Learns on as `config` says: where that differs, the process is started anew."""
        async with self._changing:
            before, self._config = self._config, config
            if (before.learning, options_of(before)) == (config.learning, options_of(config)):
                return
            if self._dsn is not None:
                await self.stop()
                self.start(self._dsn)

    def states(self) -> list[State]:
        """How the process is; empty when there is none."""
        return [] if self._child is None else [self._child.state]

    async def stop(self) -> None:
        """Ends it. What it was doing is done again when it next runs."""
        child, self._child = self._child, None
        if child is not None:
            await child.stop()

    def _program(self, dsn: str) -> Program:
        settings = LearnerSettings(parent_pid=os.getpid(), dsn=dsn, options=options_of(self._config))
        return Program(
            name="learner",
            module="pointsman.app.learner_child",
            settings=msgspec.json.encode(settings),
            log=self._logs / "learner.log",
            environ={**self._environ, **ONE_THREAD},
        )


def options_of(config: Config) -> Options:
    """How to learn, as configured."""
    own = config.learning
    return Options(
        intervals_s={
            "aggregate": own.aggregate_every_s,
            "confidence": own.confidence_every_s,
            "rules": own.rules_every_s,
            "experiments": own.experiments_every_s,
            "daily": own.daily_every_s,
        },
        least_outcomes=own.least_outcomes,
        early_outcomes=own.early_outcomes,
        forget_per_day=own.forget_per_day,
        conversation_weight=own.conversation_weight,
        log_days=config.log.retention_days,
    )
