"""Where Pointsman keeps its files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs
from msgspec import Struct

CONFIG_NAME: Final = "pointsman.toml"


class Paths(Struct, frozen=True, kw_only=True):
    """The files below the folder `home`. `journal` and `inbox` hold what the database does not have yet.
    `gateway` says where the running gateway listens, `admin_token` is the secret of its control API,
    `policy` its last policy, `keys` a copy of the callers' keys (by hash) for starts without the database,
    `mask` the secret behind the names of anonymous agents,
    `loader` the counts of the process that loads the log."""

    home: Path
    config: Path
    journal: Path
    inbox: Path
    logs: Path
    gateway_log: Path
    admin_token: Path
    gateway: Path
    policy: Path
    keys: Path
    models: Path
    mask: Path
    loader: Path
    memory: Path


def home(environ: Mapping[str, str]) -> Path:
    """POINTSMAN_HOME, else the user's data folder. Nothing is made."""
    written = environ.get("POINTSMAN_HOME", "").strip()
    if written:
        return Path(written).expanduser().absolute()
    return Path(platformdirs.user_data_dir("pointsman", appauthor=False))


def paths(environ: Mapping[str, str]) -> Paths:
    """All files below `home(environ)`. Nothing is made."""
    root = home(environ)
    return Paths(
        home=root,
        config=root / CONFIG_NAME,
        journal=root / "journal",
        inbox=root / "inbox",
        logs=root / "logs",
        gateway_log=root / "logs" / "gateway.log",
        admin_token=root / "admin.token",
        gateway=root / "gateway.json",
        policy=root / "policy.bin",
        keys=root / "keys.json",
        models=root / "models",
        mask=root / "mask.key",
        loader=root / "loader.json",
        memory=root / "memory",
    )
