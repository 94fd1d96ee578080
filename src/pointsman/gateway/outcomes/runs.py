"""Whether a command's output is a test run or a build, and how it ended. Sees text, gives out a colour."""

import re
from typing import Final, NamedTuple

HEAD_CHARS: Final = 2_000
END_CHARS: Final = 6_000
LINES_A_WORD: Final = 12
MAX_LINE_CHARS: Final = 300
_WORDS: Final = (
    *(
        "fail",
        "FAIL",
        "Fail",
        "passed",
        "passing",
        "Passed",
        "PASS",
        "pass",
        "error",
        "Error",
        "ERR",
        "errors",
    ),
    *(
        "OK",
        "ok ",
        "ok\t",
        "Ran ",
        "BUILD",
        "Build",
        "Traceback",
        "Finished",
        "***",
        "issues found",
        "problem",
    ),
)
"""Each line that reports a run holds one of these."""


class Run(NamedTuple):
    """A test run or build of a `family` of tools. `failed` is how much of a red one failed, None if it does
    not tell."""

    family: str
    green: bool
    failed: int | None = None


_RED: Final = (
    (
        "pytest",
        r"^=+ .*\b[1-9]\d* (?:failed|errors?)\b.* in [\d.]+s|^[1-9]\d* failed(?:,| in)"
        r"|^FAILED \S+::|^ERROR \S+\.py",
    ),
    ("unittest", r"^FAILED \((?:failures|errors)=\d+|^FAIL: test|^ERROR: test"),
    (
        "cargo",
        r"^test result: FAILED|^[ \t]+Summary .* [1-9]\d* failed"
        r"|^error\[E\d{4}\]|^error: could not compile|^error: aborting due to",
    ),
    ("go", r"^--- FAIL:|^FAIL[ \t]+\S+|^FAIL$"),
    (
        "js",
        r"^[ \t]*Tests?:?[ \t]+.*[1-9]\d* failed|^[ \t]*Test Files[ \t]+.*[1-9]\d* failed"
        r"|^[ \t]*[1-9]\d* failing\b|^(?:# |\u2139 )fail [1-9]|^[ \t]+[1-9]\d* fail(?:ed)?$"
        r"|^\S{0,2} ?[1-9]\d* problems? \([1-9]\d* errors?|^FAILED \| .*[1-9]\d* failed",
    ),
    ("tsc", r"\berror TS\d{4,5}:|^Found [1-9]\d* errors?\b"),
    ("npm", r"^npm ERR!|^npm error\b"),
    ("jvm", r"^BUILD FAILED|\bBUILD FAILURE\b|^Tests run: \d+, Failures: [1-9]"),
    ("dotnet", r"^Build FAILED|^Failed!\s+-\s+Failed:|\berror CS\d{4}:"),
    (
        "c",
        r"^\S+:\d+:(?:\d+:)? (?:fatal )?error: |^make(?:\[\d+\])?: \*\*\* |^collect2: error"
        r"|^[1-9]\d*% tests passed, [1-9]",
    ),
    (
        "python",
        r"^Traceback \(most recent call last\):|^[ \t]*(?:SyntaxError|IndentationError): "
        r"|^Found [1-9]\d* errors? in ",
    ),
    ("phpunit", r"^FAILURES!|^Tests: \d+, .*(?:Failures|Errors): [1-9]"),
    ("ruby", r"^\d+ examples?, [1-9]\d* failures?|^\d+ runs, .*[1-9]\d* (?:failures|errors)"),
)
_GREEN: Final = (
    ("pytest", r"^(?:=+ )?\d+ passed\b(?!.*\b(?:failed|errors?)\b).* in [\d.]+s"),
    ("unittest", r"^Ran [1-9]\d* tests? in .*\n+OK\b"),
    ("cargo", r"^test result: ok\. [1-9]|^[ \t]+Summary .* [1-9]\d* passed|^[ \t]+Finished `?\w+`? "),
    ("go", r"^ok[ \t]+\S+[ \t]+(?:[\d.]+s|\(cached\))|^PASS$"),
    (
        "js",
        r"^[ \t]*Tests?:?[ \t]+[1-9]\d* passed|^[ \t]*[1-9]\d* passing\b|^(?:# |\u2139 )pass [1-9]\d*$"
        r"|^[ \t]+[1-9]\d* pass$|^[ \t]+[1-9]\d* passed \(|^ok \| [1-9]\d* passed",
    ),
    ("tsc", r"^Found 0 errors\b"),
    ("jvm", r"^BUILD SUCCESSFUL|\bBUILD SUCCESS\b"),
    ("dotnet", r"^Build succeeded|^Passed!\s+-\s+Failed:\s+0"),
    ("c", r"^100% tests passed"),
    ("python", r"^Success: no issues found|^All checks passed!"),
    ("phpunit", r"^OK \([1-9]\d* tests?"),
    ("ruby", r"^[1-9]\d* examples?, 0 failures|^[1-9]\d* runs, .*\b0 failures, 0 errors"),
)


def _compiled(rows: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in rows), re.MULTILINE)


_RED_RUN: Final = _compiled(_RED)
_GREEN_RUN: Final = _compiled(_GREEN)
_COLOURS: Final = re.compile(r"\x1b\[[\d;]*m")
_FAILED: Final = re.compile(
    r"\b(\d{1,6}) (?:previous )?(?:failed|failing|failures?|errors?)\b"
    r"|\b(?:failures|errors|fail)[=:]? ?(\d{1,6})\b",
    re.IGNORECASE,
)
FAMILIES: Final = frozenset(name for name, _ in (*_RED, *_GREEN))
"""The families of tools that are known."""


def run_in(text: str) -> Run | None:
    """The run that `text` reports, by its end; None when it reports none. A failure anywhere counts.

    >>> run_in("tests/test_a.py .F\\n==== 1 failed, 4 passed in 0.12s ====")
    Run(family='pytest', green=False, failed=1)
    """
    if "\x1b" in text:
        text = _COLOURS.sub("", text)
    parts = text if len(text) <= HEAD_CHARS + END_CHARS else f"{text[:HEAD_CHARS]}\n{text[-END_CHARS:]}"
    lines = _telling_lines(parts)
    if not lines:
        return None
    red = _RED_RUN.search(lines)
    green = _GREEN_RUN.search(lines)
    if red is not None and (green is None or red.lastgroup != "python"):
        return Run(red.lastgroup or "", False, _failed(lines))
    return Run(green.lastgroup or "", True) if green is not None else None


def _failed(lines: str) -> int | None:
    """How much failed: the highest number in the last line that tells of a failure and how much, since tools
    sum up at the end; else how many lines tell of one."""
    starts = sorted({lines.rfind("\n", 0, found.start()) + 1 for found in _RED_RUN.finditer(lines)})
    for start in reversed(starts):
        line = lines[start:].partition("\n")[0]
        told = [int(number) for pair in _FAILED.findall(line) for number in pair if number]
        if told:
            return max(told)
    return len(starts) if len(starts) < LINES_A_WORD else None


def _telling_lines(text: str) -> str:
    """The lines in which a run may report its end, in order: few, and found quickly."""
    starts: set[int] = set()
    for word in _WORDS:
        at = text.rfind(word)
        for _ in range(LINES_A_WORD):
            if at < 0:
                break
            start = text.rfind("\n", 0, at) + 1
            starts.add(start)
            at = text.rfind(word, 0, start)
    return "\n".join([text[at : at + MAX_LINE_CHARS].partition("\n")[0] for at in sorted(starts)])
