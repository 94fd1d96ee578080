"""Files of the home folder that only its owner may read."""

import contextlib
import os
import secrets
from pathlib import Path

MODE = 0o600
SECRET_BYTES = 32


def write_private(file: Path, text: str) -> None:
    """Writes the file so that nobody else can read it. Raises OSError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)


def kept_secret(file: Path) -> str:
    """The secret in the file; made at the first call. Raises OSError."""
    with contextlib.suppress(OSError):
        kept = file.read_text(encoding="utf-8").strip()
        if kept:
            return kept
    secret = secrets.token_urlsafe(SECRET_BYTES)
    write_private(file, secret + "\n")
    return secret
