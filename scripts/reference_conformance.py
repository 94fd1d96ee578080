"""The page on conformance: what is run against the gateway, and every exception with its reason."""

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.contract.exceptions import (
    CHANGES,
    FAILING,
    RUN_FILES,
    UNCHECKED,
    UNCOVERED,
    UNSERVED_FILES,
    UNSERVED_TESTS,
    Unserved,
)

from reference_blocks import code, table

WAYS = {"same": "same wire form", "cross": "translated"}


def page(note: str) -> str:
    """The whole page, with `note` on who writes it."""
    parts = (
        "# Conformance",
        note,
        "What others wrote about the interfaces that the gateway serves is run against it: the tests that "
        "ship with the OpenAI and Anthropic Python SDKs, and requests that schemathesis makes up from the "
        "OpenAPI descriptions of OpenAI and Ollama. Every exception is listed here with its reason.",
        "## The SDKs' own tests",
        "`tests/contract/test_sdk_resources.py` runs them twice before a stand-in for the vendors: with "
        "providers that speak the client's wire form, and with providers for which everything has to be "
        "translated. The SDK is the installed one; the tests come from its source archive. The stand-in "
        "takes the placeholders which the samples have for schemas, ids and limits. A test that fails and is "
        "not listed fails the check; so does a listed one that passes, and a file that is neither run nor "
        "listed.",
        table(("SDK", "files below `tests/api_resources`"), _run()),
        "### Failures",
        table(("SDK", "tests (regular expression)", "providers", "complaint", "why"), _failing()),
        "### Not run in these files",
        table(("SDK", "tests (regular expression)", "why"), _unserved(UNSERVED_TESTS)),
        "### Files that are not run",
        table(("SDK", "files", "why"), _unserved(UNSERVED_FILES)),
        "## The OpenAPI descriptions",
        "`tests/contract/test_schemas.py` lets schemathesis make up requests, right and wrong ones, from a "
        "fixed seed, for models behind every wire form. Checked are: no server error, the status, the "
        "content type and the body as described, and that wrong requests are refused. The descriptions "
        "list few errors or none: 400 and 404 (for Ollama also 403) with the vendor's error object are "
        "added to each operation, and the names of the gateway's models. A change below that fits nothing in "
        "the description fails the check.",
        "### Changed in the descriptions",
        table(("description", "place", "now", "why"), _changes()),
        "### Checks that are not made",
        table(("description", "paths", "check", "why"), _unchecked()),
        "### Less thoroughly",
        table(("description", "paths", "why"), _uncovered()),
        "The lines and events of streams are not compared with the descriptions. The other tests in "
        "`tests/contract` read them with the vendors' SDKs.",
    )
    return "\n\n".join(parts) + "\n"


def _run() -> list[tuple[str, str]]:
    return [(sdk, code(*files)) for sdk, files in RUN_FILES.items()]


def _failing() -> list[tuple[str, ...]]:
    return [
        (e.sdk, code(e.pattern), " and ".join(WAYS[way] for way in e.ways), e.says, e.reason) for e in FAILING
    ]


def _unserved(entries: Iterable[Unserved]) -> list[tuple[str, str, str]]:
    """One row for all entries of a reason."""
    rows = sorted(entries, key=lambda entry: (entry.sdk != "openai", entry.reason))
    return [
        (sdk, code(*[entry.pattern for entry in same]), reason)
        for (sdk, reason), same in groupby(rows, key=lambda entry: (entry.sdk, entry.reason))
    ]


def _changes() -> list[tuple[str, str, str, str]]:
    return [
        (e.description, code(e.pointer), "gone" if e.value is None else "wider", e.reason) for e in CHANGES
    ]


def _unchecked() -> list[tuple[str, str, str, str]]:
    return [
        (name, code(*[entry.path for entry in same]), code(check), reason)
        for (name, check, reason), same in groupby(
            UNCHECKED, key=lambda entry: (entry.description, entry.check, entry.reason)
        )
    ]


def _uncovered() -> list[tuple[str, str, str]]:
    why = "Only random cases: the systematic ones would be tens of thousands."
    return [(name, code(*paths), why) for name, paths in UNCOVERED.items() if paths]
