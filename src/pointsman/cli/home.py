"""The files through which a running gateway and the command line find each other."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pointsman.app.paths import paths


def admin_token(environ: Mapping[str, str]) -> str | None:
    """The token in this home, if there is one to be read."""
    try:
        return paths(environ).admin_token.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def gateway_url(environ: Mapping[str, str]) -> str | None:
    """Where this home's gateway listens, if one was started and has not ended in good order."""
    try:
        url = json.loads(paths(environ).gateway.read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) else None


def config_file() -> Path:
    """Where a configuration of this home goes."""
    return paths(os.environ).config
