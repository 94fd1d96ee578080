"""What a check finds."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from pointsman.app.config import Config

Verdict = Literal["ok", "warn", "fail"]


class Finding(Struct, kw_only=True):
    """One thing looked at: `fail` keeps Pointsman from working, `warn` does not. `remedy` says what to do."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


class Situation(Struct, kw_only=True):
    """What the checks look at. `config` holds the defaults when the file has `problems`."""

    environ: Mapping[str, str]
    home: Path
    file: Path | None
    config: Config
    problems: tuple[str, ...] = ()


Check = Callable[[Situation], Iterator[Finding]]
"""Yields what it finds; never raises."""
