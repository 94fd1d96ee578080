"""A child process's side of its pipes: settings come in on standard input, reports go out on standard
output, and the end of the input ends the process, for then its parent is gone."""

import ctypes
import logging
import os
import signal
import sys
import threading
from typing import Final, Protocol, TypeVar

import msgspec
from msgspec import Struct

from pointsman.app.logs import FORMAT

PR_SET_PDEATHSIG: Final = 1
IS_LINUX: Final = sys.platform == "linux"


class ChildSettings(Protocol):
    """What each child is told at least: the parent that it ends with."""

    @property
    def parent_pid(self) -> int: ...


Settings = TypeVar("Settings", bound=ChildSettings)


class Report(Struct, kw_only=True, omit_defaults=True):
    """What a child tells its parent: that it serves, or `failed`, why it never will as things stand
    (`remedy`: what to do). A child that ends without a word has crashed, and is started again."""

    ready: bool = False
    failed: str = ""
    remedy: str = ""


class Lifeline:
    """Both pipes. Whatever else writes to standard output from now on goes to standard error, the log."""

    def __init__(self) -> None:
        self._out = os.dup(1)
        os.dup2(2, 1)

    def take_settings(self, form: type[Settings]) -> Settings:
        """The first line of the input. Raises `msgspec.ValidationError` if it is not of that form."""
        return msgspec.json.decode(sys.stdin.buffer.readline(), type=form)

    def follow(self, parent_pid: int) -> None:
        """From now on this process ends with its parent: by the kernel's word on Linux, so that not even
        native code that never returns can outlive it, and by the end of the input everywhere."""
        if IS_LINUX:
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent_pid:
            os._exit(0)
        threading.Thread(target=_end_with_input, daemon=True).start()

    def report(self, report: Report) -> None:
        """Sends one line to the parent."""
        os.write(self._out, msgspec.json.encode(report) + b"\n")


def begin(form: type[Settings]) -> tuple[Lifeline, Settings]:
    """How a child that is all Python begins: it takes its settings, ends with its parent or when told to,
    leaves the keyboard's interrupt to its parent, and logs."""
    lifeline = Lifeline()
    settings = lifeline.take_settings(form)
    lifeline.follow(settings.parent_pid)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format=FORMAT)
    return lifeline, settings


def _end_with_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)
