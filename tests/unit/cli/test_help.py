"""Every command teaches itself, at once."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from pointsman.cli.group import COMMANDS, main

HEAVY = {
    "asyncpg",
    "uvicorn",
    "starlette",
    "rich",
    "msgspec",
    "platformdirs",
    "httptools",
    "ssl",
    "http.client",
}


def every_command(command=main, path=()):
    """All commands with their paths, groups too."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from every_command(command.get_command(context, name), (*path, name))


ALL = {" ".join(path): command for path, command in every_command()}
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}


@pytest.mark.parametrize("path", ALL)
def test_its_help_says_what_it_does_and_shows_examples(path):
    result = CliRunner().invoke(main, [*path.split(), "--help"])
    assert result.exit_code == 0
    assert "pointsman" in result.output
    assert "Example" in result.output or path == ""


@pytest.mark.parametrize("path", LEAVES)
def test_it_can_print_json(path):
    assert any("--json" in option.opts for option in LEAVES[path].params)


@pytest.mark.parametrize("path", LEAVES)
def test_its_options_are_all_explained(path):
    options = [one for one in LEAVES[path].params if isinstance(one, click.Option)]
    assert all(option.help for option in options)


def test_the_table_names_every_command_file():
    assert set(COMMANDS) == set(ALL) & set(COMMANDS)
    assert list(COMMANDS) == main.list_commands(click.Context(main))


def test_an_unknown_command_is_wrong_usage():
    assert CliRunner().invoke(main, ["nothing"]).exit_code == 2


def test_an_unknown_option_is_wrong_usage():
    assert CliRunner().invoke(main, ["status", "--nothing"]).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *[[name, "--help"] for name in COMMANDS]], ids=str
)
def test_help_imports_nothing_heavy(arguments):
    code = "import sys\nfrom pointsman.cli import main\n"
    code += "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert "pointsman" in done.stdout
    assert HEAVY & set(done.stderr.split()) == set()
