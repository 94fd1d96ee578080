"""The group of all commands. A command's module is imported when that command is used, so that
`pointsman --help` is there at once.

Exit codes: 0 done, 1 failed (the message says why and what to do), 2 wrong usage.
"""

from importlib import import_module
from typing import Final

import click

from pointsman import __version__

COMMANDS: Final[dict[str, str]] = {
    "up": "Start the gateway.",
    "status": "Show whether the gateway runs, and how its models are.",
    "doctor": "Check this machine and the configuration, and say what to mend.",
    "config": "Check, show or write the configuration.",
    "keys": "Make, list and revoke API keys.",
    "agents": "List the agents seen, or show one of them.",
    "models": "List the models that can be asked for.",
    "recommend": "Recommend an agent and a model for a task.",
    "assign": "Give agents their models, spreading the load.",
    "tiers": "Show and set the models agents start with.",
    "gaps": "Show failed tasks that no agent seems made for.",
    "calibrate": "Try all models on the same prompts, for learning to start with.",
    "log": "Show the request log.",
    "explain": "Tell why a request went to the model it went to.",
    "learn": "Learn now from what became of requests.",
    "policy": "List and compare policies, and go back to an earlier one.",
    "version": "Show the version.",
}
"""Every command and what it is for. Each is `command` in `commands/<name>.py`."""

EPILOG: Final = """\b
Start with:
  pointsman doctor        is everything there?
  pointsman up            start the gateway
  pointsman log --follow  watch requests

\b
Environment:
  POINTSMAN_HOME          where files are kept
  POINTSMAN_CONFIG        the configuration file
  POINTSMAN_URL           the running gateway, if not the one of this home
  POINTSMAN_ADMIN_TOKEN   its admin token, if not the one of this home
  DATABASE_URL            a PostgreSQL server to use in place of the embedded one

Exit codes: 0 done, 1 failed, 2 wrong usage."""


class LazyGroup(click.Group):
    """A group whose commands are the modules named in COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"pointsman.cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the table, without importing any of it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="pointsman")
def main() -> None:
    """Pointsman: an LLM gateway that learns which model to send each agent's request to, and proves it."""
