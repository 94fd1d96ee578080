"""A child process that is started, watched, started again when it ends, and stopped."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from pointsman.app.lifeline import Report

START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 5.0
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 60.0
LOG_LIMIT_BYTES: Final = 5_000_000

Phase = Literal["missing", "stopped", "starting", "ready", "failed"]


class Program(Struct, frozen=True, kw_only=True):
    """What to run: a Python module, the settings it reads from its input, its environment, its log, and
    the files (sockets) it inherits."""

    name: str
    module: str
    settings: bytes
    log: Path
    environ: Mapping[str, str]
    inherits: Sequence[int] = ()


class State(Struct, kw_only=True):
    """How a child is. `missing` (not installed) and `failed` have a `remedy` for a person; a crash is mended
    by a new start, which `restarts` counts. `load_ms` is the time from start to ready."""

    name: str
    phase: Phase = "stopped"
    reason: str = ""
    remedy: str = ""
    pid: int | None = None
    restarts: int = 0
    load_ms: float | None = None


class Child:
    """Keeps one process of `program` running from `start` to `stop`.

    After a crash it is started again after 0.25 s, doubling to at most 30 s, and anew from 0.25 s once it
    has served for a minute. A child that reports a failure is not started again.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.state = State(name=program.name)
        self._task: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._changed = asyncio.Condition()

    def start(self) -> None:
        """Begins in the background; does nothing when it has begun already."""
        if self._task is None:
            self.state.phase = "starting"
            self._task = asyncio.create_task(self._keep(), name=f"child {self.program.name}")

    async def ready(self, patience_s: float) -> bool:
        """Whether it serves now, or begins to within `patience_s`. At once False if it has failed."""
        if self._is("starting"):
            try:
                async with asyncio.timeout(patience_s), self._changed:
                    await self._changed.wait_for(lambda: not self._is("starting"))
            except TimeoutError:
                return False
        return self._is("ready")

    async def stop(self) -> None:
        """Ends the process: politely, and after 5 s at once."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._process is not None:
            await _end(self._process)
        await self._turn("stopped")

    def _is(self, phase: Phase) -> bool:
        return self.state.phase == phase

    # Running

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        pause_s = FIRST_PAUSE_S
        while True:
            began_s = loop.time()
            if not await self._run_once():
                return
            if loop.time() - began_s > STEADY_S:
                pause_s = FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            self.state.restarts += 1

    async def _run_once(self) -> bool:
        """Runs the process to its end. False when another start would fail too."""
        await self._turn("starting")
        try:
            process = await self._spawn()
        except OSError as error:
            await self._turn("starting", f"cannot start: {error}")
            return True
        try:
            report = await self._first_word(process)
            if report.failed:
                await self._turn("failed", report.failed, report.remedy)
                return False
            if report.ready:
                await self._turn("ready")
                await process.wait()
        finally:
            await _end(process)
            self.state.pid = None
        await self._turn("starting", f"ended with code {process.returncode}: {self._last_words()}")
        return True

    async def _spawn(self) -> Process:
        program = self.program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        overlong = program.log.exists() and program.log.stat().st_size > LOG_LIMIT_BYTES
        with program.log.open("wb" if overlong else "ab", buffering=0) as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", program.module),
                stdin=PIPE,
                stdout=PIPE,
                stderr=log.fileno(),
                env=dict(program.environ),
                pass_fds=tuple(program.inherits),
                start_new_session=True,
            )
        self._process = process
        self.state.pid = process.pid
        return process

    async def _first_word(self, process: Process) -> Report:
        """The child's report; an empty one when it ended, or stayed silent for too long."""
        began_s = asyncio.get_running_loop().time()
        if process.stdin is None or process.stdout is None:
            return Report()
        try:
            process.stdin.write(self.program.settings + b"\n")
            async with asyncio.timeout(START_LIMIT_S):
                report = msgspec.json.decode(await process.stdout.readline() or b"{}", type=Report)
        except (OSError, TimeoutError, msgspec.MsgspecError):
            return Report()
        self.state.load_ms = (asyncio.get_running_loop().time() - began_s) * 1000
        return report

    async def _turn(self, phase: Phase, reason: str = "", remedy: str = "") -> None:
        """Changes the state, and wakes whoever waits for it."""
        state = self.state
        state.phase, state.remedy = phase, remedy
        if reason or phase != "starting":  # a fresh start keeps the last crash's words in sight
            state.reason = reason
        async with self._changed:
            self._changed.notify_all()

    def _last_words(self) -> str:
        try:
            text = self.program.log.read_text(errors="replace")[-2000:]
        except OSError:
            return "no log"
        lines = text.strip().splitlines()
        return lines[-1][-300:] if lines else "it said nothing"


async def _end(process: Process) -> None:
    """Ends the process and lets go of its pipe. Cancelled, it leaves the rest to the next call."""
    try:
        for signal_it in (process.terminate, process.kill):
            if process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                signal_it()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
    finally:
        if process.stdin is not None:
            process.stdin.close()
