"""The command line: `pointsman COMMAND`."""

from pointsman.cli.group import main

__all__ = ["main"]
