"""Fills the parts of a reference page that come from the code; the words around them are written by hand.

<!-- from the code: NAME -->
... replaced ...
<!-- end of NAME -->
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
_BLOCK = re.compile(r"(<!-- from the code: ([a-z-]+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)

_FOUNDING = re.compile(r" \((?:DESIGN|seed)[^)]*\)")

Blocks = dict[str, Callable[[], str]]


def filled(name: str, blocks: Blocks) -> str:
    """The page `name` with every block written anew. Raises KeyError for a block nobody makes, and
    ValueError when the page lacks one."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    found = {match[2] for match in _BLOCK.finditer(text)}
    if missing := blocks.keys() - found:
        raise ValueError(f"docs/reference/{name} has no block {', '.join(sorted(missing))}")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{blocks[match[2]]()}\n\n{match[3]}", text)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown. Bars inside of cells are escaped."""
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join(["---"] * len(heads)) + " |"]
    lines += ["| " + " | ".join([str(cell).replace("|", "\\|") for cell in row]) + " |" for row in rows]
    return "\n".join(lines)


def yes(value: object) -> str:
    """`yes`, or nothing.

    >>> yes(True), yes(0)
    ('yes', '')
    """
    return "yes" if value else ""


def code(*words: object) -> str:
    """Words in code letters, separated by commas.

    >>> code("a", "b"), code()
    ('`a`, `b`', '')
    """
    return ", ".join([f"`{word}`" for word in words])


def first_sentence(docstring: str | None) -> str:
    """The first sentence of a docstring, on one line, without what points into the founding documents.

    >>> first_sentence("Passes 0.5\\n    of all. And more.")
    'Passes 0.5 of all.'
    """
    words = _FOUNDING.sub("", " ".join((docstring or "").split()))
    end = re.search(r"(?<! al)[.?!](?= |$)", words)
    return words[: end.end()] if end else words
