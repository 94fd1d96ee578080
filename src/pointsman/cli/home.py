"""The files through which a running gateway and the command line find each other."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pointsman.app.paths import home

TOKEN_FILE = "admin.token"  # noqa: S105 - a file's name
GATEWAY_FILE = "gateway.json"


def admin_token(environ: Mapping[str, str]) -> str | None:
    """The token in this home, if there is one to be read."""
    try:
        return (home(environ) / TOKEN_FILE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def gateway_url(environ: Mapping[str, str]) -> str | None:
    """Where this home's gateway listens, if one was started and has not ended in good order."""
    try:
        url = json.loads((home(environ) / GATEWAY_FILE).read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) else None


def config_file() -> Path:
    """Where a configuration of this home goes."""
    return home(os.environ) / "pointsman.toml"
