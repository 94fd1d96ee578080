"""Options that several commands share, and how commands fail."""

import json
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class Failed(click.ClickException):
    """The command cannot do what it was asked: what is wrong, and what to do about it. Exit code 1."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message}\n{remedy}" if remedy else message)


def print_json(value: Any) -> None:
    """Writes a value as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_json_line(value: Any) -> None:
    """Writes a value as JSON on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))
