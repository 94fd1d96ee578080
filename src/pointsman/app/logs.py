"""Where log lines go: to the terminal, and to a file that is rotated."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 8 * 1024 * 1024
FILES_KEPT = 3
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def set_up_logs(file: Path, level: str) -> None:
    """Sends everything of `level` and above to `file`, and warnings to standard error. No request's text
    and no secret is ever logged, on any level."""
    logging.raiseExceptions = False  # a full disk must not fill the terminal with tracebacks
    kept = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    kept.setFormatter(logging.Formatter(FORMAT))
    shown = logging.StreamHandler(sys.stderr)
    shown.setLevel(logging.WARNING)
    shown.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[kept, shown], force=True)
