"""`pointsman up`."""

import io
import json
import os
import sys
from pathlib import Path
from typing import TextIO

import click

from pointsman.cli.options import Failed, as_json

EPILOG = """\b
Examples:
  pointsman up
  pointsman up --port 9000
  pointsman up --config ./pointsman.toml
  pointsman up --host 0.0.0.0      (needs [server] allow_beyond_loopback = true)

Stop it with Ctrl-C: running requests are finished first. A second Ctrl-C stops at once."""


@click.command(epilog=EPILOG)
@click.option("--host", help="Address to listen on.  [default: as configured, else 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="TCP port; 0 takes a free one.  [default: as configured, else 8484]",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Configuration file.  [default: see `pointsman config path`]",
)
@as_json
def command(host: str | None, port: int | None, config_file: Path | None, as_json: bool) -> None:
    """Start the gateway, and serve until stopped.

    Without a configuration it finds out by itself what there is: provider keys in the environment
    (OPENAI_API_KEY, ANTHROPIC_API_KEY and so on), a running Ollama, and the local models that are
    installed. It brings its own database, unless DATABASE_URL names one.

    With --json it prints one line, {"url", "pid"}, as soon as it serves.
    """
    # numpy's OpenBLAS joins its threads whenever the process forks, as it does to start PostgreSQL; a join
    # with a thread at work can last for ever. Read when numpy is imported, so it is set before.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from pointsman.app.config import ConfigInvalid
    from pointsman.app.up import CannotStart, up

    out: TextIO = ReadyLine() if as_json else sys.stdout
    try:
        up(os.environ, host=host, port=port, config_file=config_file, out=out)
    except ConfigInvalid as error:
        raise Failed("\n".join(error.problems), "Mend the configuration, then start again.") from error
    except CannotStart as error:
        raise Failed(str(error)) from error


class ReadyLine(io.StringIO):
    """Takes the greeting, and in its place prints where the gateway is."""

    def flush(self) -> None:
        """The greeting is whole; its first line ends with the address."""
        url = self.getvalue().partition("\n")[0].rpartition(" ")[2]
        click.echo(json.dumps({"url": url, "pid": os.getpid()}))
        sys.stdout.flush()
