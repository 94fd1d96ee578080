"""`pointsman config`."""

import os
from pathlib import Path
from typing import Any

import click

from pointsman.cli.options import Failed, as_json, print_json

EPILOG = """\b
Examples:
  pointsman config path
  pointsman config init
  pointsman config check && pointsman config reload
  pointsman config show --json | jq .server

Pointsman runs without any configuration. The file is the first there is of: --config FILE,
POINTSMAN_CONFIG, ./pointsman.toml, pointsman.toml in the home folder."""

file_option = click.option(
    "--config",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="This file.  [default: see `pointsman config path`]",
)


@click.group(epilog=EPILOG)
def command() -> None:
    """Check, show or write the configuration."""


@command.command(epilog="\b\nExamples:\n  pointsman config check\n  pointsman config check --config new.toml")
@file_option
@as_json
def check(file: Path | None, as_json: bool) -> None:
    """Check the configuration, and say all that is wrong with it. Exit code 1 when anything is."""
    from pointsman.app.config import ConfigInvalid, find_config, load_config

    file = file or find_config(os.environ)
    problems: list[str] = []
    try:
        load_config(file, os.environ)
    except ConfigInvalid as error:
        problems = error.problems
    if as_json:
        print_json({"file": str(file) if file else None, "valid": not problems, "problems": problems})
    else:
        click.echo(f"{file or 'no file: all defaults'}: {'not valid' if problems else 'valid'}")
        for problem in problems:
            click.echo(f"  {problem}")
    if problems:
        raise SystemExit(1)


@command.command(epilog="\b\nExamples:\n  pointsman config show\n  pointsman config show --json | jq .server")
@file_option
@as_json
def show(file: Path | None, as_json: bool) -> None:
    """Show every setting in force, defaults too."""
    import msgspec

    settings = msgspec.to_builtins(_loaded(file))
    if as_json:
        print_json(settings)
        return
    for name, section in settings.items():
        for path, value in _flat(section, name):
            click.echo(f"{path} = {_text(value)}")


@command.command(
    epilog="\b\nExamples:\n  pointsman config init\n  pointsman config init --config ./pointsman.toml"
)
@file_option
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@as_json
def init(file: Path | None, force: bool, as_json: bool) -> None:
    """Write a configuration file that explains every setting, all at their defaults."""
    from pointsman.app.config import EXAMPLE
    from pointsman.cli.home import config_file

    file = file or Path(os.environ.get("POINTSMAN_CONFIG") or config_file())
    if file.exists() and not force:
        raise Failed(f"{file} is there already.", "Use --force to overwrite it.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as out:
            out.write(EXAMPLE)
    except OSError as error:
        raise Failed(
            f"Cannot write {file}: {error.strerror}.", "Name another place with --config."
        ) from error
    if as_json:
        print_json({"file": str(file)})
    else:
        click.echo(f"Written: {file}")


@command.command(epilog="\b\nExample:\n  $EDITOR $(pointsman config path)")
@as_json
def path(as_json: bool) -> None:
    """Print which configuration file is used; the one `config init` would write when there is none."""
    from pointsman.app.config import find_config
    from pointsman.cli.home import config_file

    found = find_config(os.environ)
    file = found or config_file()
    if as_json:
        print_json({"file": str(file), "exists": file.exists()})
    else:
        click.echo(str(file))


@command.command(epilog="\b\nExample:\n  pointsman config check && pointsman config reload")
@as_json
def reload(as_json: bool) -> None:
    """Make the running gateway read its configuration again. An invalid one changes nothing."""
    from pointsman.cli.gateway import running

    found = running().post("/config/reload")
    if as_json:
        print_json(found)
        return
    click.echo(f"The new configuration is in force (policy {found['version']}).")
    for name in ("added", "removed", "needs_restart"):
        if found.get(name):
            click.echo(f"  {name.replace('_', ' ')}: {_text(found[name])}")


def _loaded(file: Path | None) -> Any:
    from pointsman.app.config import ConfigInvalid, load_config

    try:
        return load_config(file, os.environ)
    except ConfigInvalid as error:
        raise Failed(
            "\n".join(error.problems), "Mend the configuration: `pointsman config init` shows how."
        ) from error


def _flat(value: Any, path: str) -> list[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        return [(path, value)]
    return [pair for name, inner in value.items() for pair in _flat(inner, f"{path}.{name}")]


def _text(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
