"""Writes the reference pages from the code: whole ones, and the marked parts of those written by hand.

usage: python scripts/reference.py [--check]     (--check: writes nothing, 1 when a page is out of date)
"""

import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent))
import reference_config
import reference_conformance
import reference_dialects
import reference_gateway
import reference_outcomes
from pointsman.cli.group import main as pointsman
from pointsman.core.errors import PointsmanError
from pointsman.web.surface import description
from reference_blocks import FOLDER, filled, first_sentence, table

NOTE = "<!-- Written by scripts/reference.py from the code: change that, then run it. -->"
WIDTH = 80


def cli_page() -> str:
    """The help of every command."""
    parts = [
        "# Command line",
        NOTE,
        "What `pointsman COMMAND --help` says. Every command takes `--json`, and prints tables as plain "
        "aligned text when its output is not a terminal.",
    ]
    for path, command in _commands(pointsman, ("pointsman",)):
        heading = "#" * (len(path) + 1)
        parts.append(f"{heading} {' '.join(path)}\n\n```text\n{_help(path, command)}\n```")
    return "\n\n".join(parts) + "\n"


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(inner, (*path, name))


def _help(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(
        command, info_name=" ".join(path), terminal_width=WIDTH, help_option_names=["-h", "--help"]
    )
    with context:
        text = command.get_help(context)
    return "\n".join([line.rstrip() for line in text.splitlines()])


def api_page() -> str:
    """Every operation and every shape."""
    told = description()
    parts = [
        "# Control API",
        NOTE,
        "What the running gateway tells and takes, as JSON over HTTP, at the address at which it serves. "
        "`GET /api/v1/openapi.json` describes the same for programs.",
        _access(),
        _own_errors(),
        "## Operations",
    ]
    for path, methods in told["paths"].items():
        parts += [_operation(method, path, one) for method, one in methods.items()]
    parts.append("## Shapes")
    parts += [_shape(name, schema) for name, schema in sorted(told["components"]["schemas"].items())]
    return "\n\n".join(parts) + "\n"


def _access() -> str:
    return (
        "**Access.** Send `Authorization: Bearer TOKEN` with the admin token: `POINTSMAN_ADMIN_TOKEN`, or "
        "what is in `admin.token` in the gateway's home. A gateway that listens on loopback lets programs "
        "of its own machine read without the token; web pages of others, forwarded requests and changes "
        "need it always.\n\n"
        '**Errors** are `{"error": {"type", "message"}}`, with `request_id` when they are about a request. '
        "Bodies are at most 1 MB. `type` is a code of [errors](errors.md), or one of these:"
    )


def _own_errors() -> str:
    """The errors that only the control API has."""
    own = [kind for kind in _below(PointsmanError) if kind.__module__.startswith("pointsman.web.")]
    rows = [(f"`{kind.code}`", str(kind.status), first_sentence(kind.__doc__)) for kind in own]
    return table(("type", "status", "when"), sorted(rows))


def _below(kind: type[PointsmanError]) -> Iterator[type[PointsmanError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _operation(method: str, path: str, one: dict[str, Any]) -> str:
    lines = [f"### {method.upper()} {path}", "", one["description"]]
    if one["parameters"]:
        lines += ["", "| parameter | in | what |", "| --- | --- | --- |"]
        lines += [f"| `{p['name']}` | {p['in']} | {p.get('description', '')} |" for p in one["parameters"]]
    if "requestBody" in one:
        lines += ["", f"Takes {_type(_content(one['requestBody']))}."]
    answers = []
    for status, answer in one["responses"].items():
        shape = _type(_content(answer))
        answers.append(f"`{status}` {answer['description'].rstrip('.')}" + (f" ({shape})" if shape else ""))
    return "\n".join([*lines, "", "Answers: " + "; ".join(answers) + "."])


def _content(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["content"]["application/json"]["schema"]
    return found


def _shape(name: str, schema: dict[str, Any]) -> str:
    lines = [f"### {name}", "", " ".join(schema.get("description", "").split()), ""]
    lines += ["| field | type | needed |", "| --- | --- | --- |"]
    required = schema.get("required", ())
    for field, told in schema.get("properties", {}).items():
        lines.append(f"| `{field}` | {_type(told)} | {'yes' if field in required else ''} |")
    return "\n".join(lines)


def _type(schema: dict[str, Any]) -> str:
    """A schema in few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{re.sub(r'[^a-z0-9-]', '', name.lower())})"
    if "anyOf" in schema:
        return " or ".join([_type(one) for one in schema["anyOf"]])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {})}"
    return str(schema.get("type", "any")) if schema != {"type": "object"} else "object"


PAGES = {
    "cli.md": cli_page,
    "control-api.md": api_page,
    "configuration.md": partial(filled, "configuration.md", {"keys": reference_config.key_table}),
    "errors.md": partial(filled, "errors.md", reference_gateway.ERRORS),
    "routing.md": partial(filled, "routing.md", reference_gateway.ROUTING),
    "headers.md": partial(filled, "headers.md", reference_gateway.HEADERS),
    "request-log.md": partial(filled, "request-log.md", reference_gateway.LOG),
    "dialects.md": partial(
        filled, "dialects.md", {**reference_gateway.ENDPOINTS, "matrix": reference_dialects.matrix}
    ),
    "outcomes.md": partial(filled, "outcomes.md", reference_outcomes.BLOCKS),
    "conformance.md": partial(reference_conformance.page, NOTE),
}


def main(arguments: list[str]) -> int:
    """Writes the pages, or says which are out of date."""
    stale = [name for name, page in PAGES.items() if _written(name) != page()]
    if "--check" in arguments:
        for name in stale:
            print(f"docs/reference/{name} is out of date: run python scripts/reference.py")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
    return 0


def _written(name: str) -> str | None:
    try:
        return (FOLDER / name).read_text(encoding="utf-8")
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
