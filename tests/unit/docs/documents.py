"""Reads the documents: their links, headings, snippets and commands."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_FENCE = re.compile(
    r"^(?P<mark><!-- not ours -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`([^`\n]+)`")


def named(document: Path) -> str:
    """A document's path, for the names of tests."""
    return str(document.relative_to(ROOT))


def snippets(kind: str) -> Iterator[tuple[str, str]]:
    """Every snippet of this kind that is ours, with its place."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for found in _FENCE.finditer(text):
            if found["kind"] == kind and not found["mark"]:
                yield f"{named(document)}:{text.count(chr(10), 0, found.start()) + 1}", found["text"]


def links(document: Path) -> list[str]:
    """The targets of a document's links, but for those outside of the project."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(text) if "://" not in target]


def anchors(document: Path) -> set[str]:
    """The names by which a document's headings can be linked."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def inline_code() -> Iterator[tuple[str, str]]:
    """Every word in code letters outside of snippets, with its document."""
    for document in DOCUMENTS:
        for word in _INLINE.findall(_FENCE.sub("", document.read_text(encoding="utf-8"))):
            yield named(document), word


def shell_lines() -> Iterator[tuple[str, str]]:
    """Every line of the shell snippets and of the commands' examples; continued ones joined."""
    for place, text in snippets("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            yield place, line
    for place, text in snippets("text"):
        for line in text.splitlines():
            if line.startswith("    pointsman "):
                yield place, line
