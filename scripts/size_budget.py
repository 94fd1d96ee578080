"""Refuses files, functions and signatures that have grown too large to read in one sitting."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 7
FOLDERS = ("src", "tests", "bench", "scripts")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def function_lines(node: Function) -> int:
    """Lines of a function without its docstring."""
    docstring = 0
    if ast.get_docstring(node, clean=False) is not None:
        first = node.body[0]
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def parameter_count(node: Function) -> int:
    """Parameters without self and cls."""
    args = node.args
    names = [a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return len([n for n in names if n not in ("self", "cls")])


def complaints(path: Path) -> Iterator[str]:
    """What is over budget in one file."""
    text = path.read_text(encoding="utf-8")
    shown = path.relative_to(ROOT)
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{shown}: {lines} lines (at most {MAX_FILE_LINES})"
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, Function):
            continue
        if (length := function_lines(node)) > MAX_FUNCTION_LINES:
            yield f"{shown}:{node.lineno} {node.name}: {length} lines (at most {MAX_FUNCTION_LINES})"
        if (count := parameter_count(node)) > MAX_PARAMETERS:
            yield f"{shown}:{node.lineno} {node.name}: {count} parameters (at most {MAX_PARAMETERS})"


def is_ours(path: Path) -> bool:
    """Whether the file is part of the project, not something installed into a hidden folder."""
    return not any(part.startswith(".") for part in path.relative_to(ROOT).parts)


def main() -> int:
    """1 when anything is over budget."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if is_ours(path)]
    found = [complaint for path in files for complaint in complaints(path)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
