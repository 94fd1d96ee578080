"""Checks of the machine."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from pointsman.cli.checks.finding import Finding, Situation

OLDEST_PYTHON = (3, 11)
NEEDED_BYTES = 200_000_000
ENOUGH_BYTES = 2_000_000_000


def python(situation: Situation) -> Iterator[Finding]:
    """The Python that runs this."""
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        yield Finding(check="python", verdict="fail", found=found, remedy="Install Python 3.11 or newer.")
    else:
        yield Finding(check="python", verdict="ok", found=found)


def home_writable(situation: Situation) -> Iterator[Finding]:
    """The folder for all files, or the nearest one above it that exists."""
    home = situation.home
    place = _existing(home)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        remedy = "Set POINTSMAN_HOME to a folder you can write."
        yield Finding(check="home", verdict="fail", found=f"{home} cannot be written", remedy=remedy)
    elif place == home:
        yield Finding(check="home", verdict="ok", found=f"{home} can be written")
    else:
        yield Finding(check="home", verdict="ok", found=f"{home} can be made")


def disk_space(situation: Situation) -> Iterator[Finding]:
    """Room for the database and the journal."""
    free = shutil.disk_usage(_existing(situation.home)).free
    found = f"{free / 1e9:.1f} GB free at {situation.home}"
    if free < NEEDED_BYTES:
        remedy = "Free some space, or set POINTSMAN_HOME to a folder on another disk."
        yield Finding(check="disk", verdict="fail", found=found, remedy=remedy)
    elif free < ENOUGH_BYTES:
        remedy = "Free some space soon: the request log grows by about 1 GB per million requests."
        yield Finding(check="disk", verdict="warn", found=found, remedy=remedy)
    else:
        yield Finding(check="disk", verdict="ok", found=found)


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
