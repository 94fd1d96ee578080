"""`pointsman doctor`."""

import os
from typing import TYPE_CHECKING, Any

import click

from pointsman.cli.options import as_json, print_json

if TYPE_CHECKING:
    from pointsman.cli.checks.finding import Situation

EPILOG = """\b
Examples:
  pointsman doctor
  pointsman doctor --json | jq '.findings[] | select(.verdict == "fail")'

Nothing is changed or started. Providers are asked for their list of models, which costs nothing.
Exit code 1 when something keeps Pointsman from working, 0 with mere warnings."""

SIGNS = {"ok": ("OK  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


@click.command(epilog=EPILOG)
@as_json
def command(as_json: bool) -> None:
    """Check this machine, the configuration, the database and the providers, and say what to mend."""
    from pointsman.cli.checks import CHECKS

    situation = _situation()
    verdicts = []
    findings: list[dict[str, Any]] = []
    for check in CHECKS:
        for finding in check(situation):
            verdicts.append(finding.verdict)
            told = {
                "check": finding.check,
                "verdict": finding.verdict,
                "found": finding.found,
                "remedy": finding.remedy,
            }
            findings.append(told)
            if not as_json:
                _show(told)
    if as_json:
        print_json({"ok": "fail" not in verdicts, "findings": findings})
    else:
        click.echo(f"\n{verdicts.count('fail')} to mend, {verdicts.count('warn')} to know about.")
    if "fail" in verdicts:
        raise SystemExit(1)


def _situation() -> "Situation":
    from pointsman.app.config import Config, ConfigInvalid, find_config, load_config
    from pointsman.app.paths import home
    from pointsman.cli.checks.finding import Situation

    file = find_config(os.environ)
    config = Config()
    problems: tuple[str, ...] = ()
    try:
        config = load_config(file, os.environ)
    except ConfigInvalid as error:
        problems = tuple(error.problems)
    return Situation(environ=os.environ, home=home(os.environ), file=file, config=config, problems=problems)


def _show(told: dict[str, Any]) -> None:
    sign, color = SIGNS[told["verdict"]]
    click.echo(f"{click.style(sign, fg=color)}  {told['check']}: {told['found']}")
    if told["remedy"]:
        click.echo(f"        {told['remedy']}")
