"""Finds, reads and checks `pointsman.toml`."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from pointsman.app.bridge_settings import BRIDGED_PATHS
from pointsman.app.config.check import has_password, joined, problems_of, suggestion
from pointsman.app.config.schema import Config, ProviderConfig, Server
from pointsman.app.paths import CONFIG_NAME, home
from pointsman.core.addresses import is_loopback
from pointsman.gateway.providers import PROVIDERS
from pointsman.gateway.providers.address import base_url_of, checked
from pointsman.routing.candidates import GROUPS

EXAMPLE: Final = files("pointsman.app").joinpath("pointsman.example.toml").read_text(encoding="utf-8")
"""A file with every key at its default, explained."""
MAX_CONFIG_BYTES: Final = 4 * 1024 * 1024


class ConfigInvalid(Exception):
    """The configuration cannot be used. `problems` has one sentence for each thing wrong, with the full
    path of its key; `path` is the file, None when only the environment is at fault."""

    def __init__(self, problems: list[str], path: Path | None = None) -> None:
        where = f"{path}: " if path is not None else ""
        super().__init__(where + "; ".join(problems))
        self.problems = problems
        self.path = path


def find_config(environ: Mapping[str, str]) -> Path | None:
    """The file to read when none is named: POINTSMAN_CONFIG (whether it exists or not), else
    `pointsman.toml` in the working folder, else in the home folder, else None."""
    named = environ.get("POINTSMAN_CONFIG", "").strip()
    if named:
        return Path(named).expanduser()
    places = (Path.cwd() / CONFIG_NAME, home(environ) / CONFIG_NAME)
    return next((place for place in places if place.is_file()), None)


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration of `path`, or of the file that `find_config` finds, or the defaults without one;
    POINTSMAN_HOST and POINTSMAN_PORT win over the file. Raises `ConfigInvalid`."""
    found = path if path is not None else find_config(environ)
    return _checked({} if found is None else _read(found), environ, found)


def parse_config(text: str, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration written in `text`. Raises `ConfigInvalid`."""
    return _checked(_parsed(text.encode(), None), environ or {}, None)


def _checked(table: dict[str, Any], environ: Mapping[str, str], path: Path | None) -> Config:
    problems = _from_environment(table, environ) + problems_of(table, Config)
    if problems:
        raise ConfigInvalid(problems, path)
    config = msgspec.convert(table, Config)
    problems = _rule_problems(config)
    if problems:
        raise ConfigInvalid(problems, path)
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigInvalid([f"cannot read the file: {error.strerror}"], path) from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigInvalid([f"the file is over {MAX_CONFIG_BYTES} bytes"], path)
    return _parsed(data, path)


def _parsed(data: bytes, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigInvalid([f"the file is not UTF-8 at byte {error.start}"], path) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid([f"the file is not TOML: {error}"], path) from None


def _from_environment(table: dict[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Puts POINTSMAN_HOST and POINTSMAN_PORT into the table."""
    server = table.setdefault("server", {})
    if not isinstance(server, dict):
        return []  # the schema says so
    if host := environ.get("POINTSMAN_HOST", "").strip():
        server["host"] = host
    if port := environ.get("POINTSMAN_PORT", "").strip():
        if not port.isdecimal() or int(port) > 65535:
            return ["POINTSMAN_PORT must be a number from 0 to 65535"]
        server["port"] = int(port)
    return []


def _rule_problems(config: Config) -> list[str]:
    """What only several keys together, or other tables, can tell."""
    problems = _server_problems(config.server)
    if config.database.url is not None:
        problems += _database_problems(config.database.url)
    for name, provider in config.providers.items():
        problems += _provider_problems(name, provider, joined("providers", name))
    known = {*PROVIDERS, *config.providers, *GROUPS}
    for name, agent in config.agents.items():
        entries = agent.fallback if isinstance(agent.fallback, tuple) else ()
        where = joined("agents", name)
        problems += [
            f"{where}.fallback: `{entry}` is neither a provider nor one of local, external, *"
            + suggestion(entry, known)
            for entry in entries
            if entry not in known
        ]
    return problems


def _server_problems(server: Server) -> list[str]:
    if server.allow_beyond_loopback or is_loopback(server.host):
        return []
    return [
        f"server.host: `{server.host}` can be reached from other machines; if that is wanted, set "
        "`server.allow_beyond_loopback = true`; API keys are then required of every caller"
    ]


def _database_problems(url: str) -> list[str]:
    if has_password(url):
        return [
            "database.url: passwords do not belong in this file; put the whole URL into an environment "
            "variable and name that one in `database.url_env`"
        ]
    if not url.startswith(("postgresql://", "postgres://")):
        return ["database.url must begin with postgresql://"]
    return []


def _provider_problems(name: str, config: ProviderConfig, where: str) -> list[str]:
    known = PROVIDERS.get(name)
    problems: list[str] = []
    if "/" in name or name in GROUPS - PROVIDERS.keys():
        problems.append(f"{where}: `{name}` cannot be a provider's name; it must have no `/` and be no group")
    if config.base_url is not None:
        try:
            base_url_of(known, config.base_url) if known is not None else checked(config.base_url)
        except ValueError as error:
            problems.append(f"{where}.base_url {error}")
    if known is None and config.base_url is None and config.bridge is None:
        remedy = suggestion(name, PROVIDERS) or "; give its `base_url` to define one"
        problems.append(f"{where}: no provider of that name is built in{remedy}")
    if config.bridge is not None:
        if not config.verify_tls:
            problems.append(f"{where}.verify_tls: the bridge's library checks certificates; take the key out")
        strange = [form for form in config.dialects if form not in BRIDGED_PATHS]
        problems += [f"{where}.dialects: the bridge does not speak {form}" for form in strange]
    if known is not None:
        strange = [form for form in config.dialects if form not in known.dialects]
        problems += [f"{where}.dialects: {name} does not speak {form}" for form in strange]
    return problems
