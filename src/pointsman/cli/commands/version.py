"""`pointsman version`."""

import platform

import click

from pointsman import __version__
from pointsman.cli.options import as_json, print_json


@click.command(epilog="\b\nExamples:\n  pointsman version\n  pointsman version --json")
@as_json
def command(as_json: bool) -> None:
    """Show the version of Pointsman and of Python."""
    if as_json:
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        click.echo(f"pointsman {__version__} (Python {platform.python_version()})")
