"""What the documents show can be done."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest
from tests.unit.docs import documents
from tests.unit.docs.documents import DOCUMENTS, ROOT, named

from pointsman.app.config import parse_config
from pointsman.cli.group import main as pointsman
from pointsman.gateway.dialects.registry import ROUTE_TABLE
from pointsman.web.surface import description

_COMMAND = re.compile(r"\s*(?:sudo -u \w+ )?(?:env )?(?:[A-Z_]+=\S+ )*(?:\S*/)?pointsman (?!COMMAND)(.*)")
_COMMENT = re.compile(r"\s#.*")
_SEPARATOR = re.compile(r"&&|\|\||[|;)]")
_URL = re.compile(r"http://127\.0\.0\.1:8484(/[^\s'\"`]*)")
_CALL = re.compile(r"(GET|POST|DELETE|HEAD) (/\S*)")


def commands() -> list[tuple[str, str]]:
    lines = [*documents.shell_lines(), *documents.inline_code()]
    parts = [(place, part) for place, line in lines for part in _SEPARATOR.split(_COMMENT.sub("", line))]
    found = [(place, _COMMAND.match(part)) for place, part in parts]
    return sorted({(place, match[1].strip()) for place, match in found if match})


def calls() -> list[tuple[str, str, str]]:
    asked = [(place, line) for place, line in documents.shell_lines() if "curl" in line]
    found = {
        (place, "POST" if " -d " in line else "GET", path)
        for place, line in asked
        for path in _URL.findall(line)
    }
    told = [(place, _CALL.fullmatch(word)) for place, word in documents.inline_code()]
    return sorted(found | {(place, match[1], match[2]) for place, match in told if match})


def is_served(method: str, path: str) -> bool:
    inner = re.sub(r"^/a/[^/]+", "", path.partition("?")[0])
    if ROUTE_TABLE.resolve(method, inner, is_preferred=False) is not None:
        return True
    known = description()["paths"]
    return any(
        re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(one)), inner) and method.lower() in methods
        for one, methods in known.items()
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in documents.links(document):
        path, _, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), target
        assert not anchor or anchor in documents.anchors(found), target


@pytest.mark.parametrize("folder", ["howto", "reference", "runbooks"])
def test_every_document_is_named_by_the_index_of_its_folder(folder: str) -> None:
    index = ROOT / "docs" / folder / "README.md"
    pages = {page.name for page in index.parent.glob("*.md")} - {index.name}
    assert pages <= set(documents.links(index))


@pytest.mark.parametrize(("place", "text"), list(documents.snippets("toml")), ids=lambda value: value[:60])
def test_every_configuration_shown_is_valid(place: str, text: str) -> None:
    parse_config(text)


@pytest.mark.parametrize(("place", "text"), list(documents.snippets("json")), ids=lambda value: value[:60])
def test_every_json_shown_is_json(place: str, text: str) -> None:
    json.loads(text)


@pytest.mark.parametrize(("place", "words"), commands())
def test_every_command_shown_exists_with_its_options(place: str, words: str) -> None:
    command: click.Command = pointsman
    left = shlex.split(words)
    context = click.Context(command, info_name="pointsman", help_option_names=["-h", "--help"])
    while isinstance(command, click.Group) and left and not left[0].startswith("-"):
        name, found, left = command.resolve_command(context, left)
        assert found is not None
        command, context = found, click.Context(found, info_name=name, parent=context)
    command.make_parser(context).parse_args(left)


@pytest.mark.parametrize(("place", "method", "path"), calls())
def test_every_path_shown_is_served(place: str, method: str, path: str) -> None:
    assert is_served(method, path)


def test_the_checks_find_what_they_look_for() -> None:
    assert len(commands()) > 100
    assert len(calls()) > 10
    assert not is_served("GET", "/v1/nowhere")
