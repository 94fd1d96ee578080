"""What a tool's result says of the call, client by client. Sees text, gives out codes.

Marks are looked for only where a client writes them, at the start or in a field, since a result may well
quote a file in which the same words stand.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from pointsman.gateway.outcomes.tails import Result

HEAD_CHARS: Final = 400
OK: Final = "ok"
COMMAND_FAILED: Final = "command_failed"
EDIT_FAILED: Final = "edit_failed"
INVALID_ARGUMENTS: Final = "invalid_arguments"
UNKNOWN_TOOL: Final = "unknown_tool"
TOOL_ERROR: Final = "tool_error"
REJECTED: Final = "rejected"
CODES: Final = frozenset(
    {OK, COMMAND_FAILED, EDIT_FAILED, INVALID_ARGUMENTS, UNKNOWN_TOOL, TOOL_ERROR, REJECTED}
)

_EXIT: Final = re.compile(
    r"^(?:.*\n){0,4}?(?:Process exited with code|Exit code:?|Command exited with code"
    r"|exit status)\s*(-?\d+)",
    re.IGNORECASE,
)
"""Codex and Claude Code say it in one of the first lines."""
_RUN_HEAD: Final = re.compile(r"(?>(?:[A-Z][\w ]{2,30}:|Process ).*\n){1,8}Output:\n")
_EXIT_FIELD: Final = re.compile(r'"exit_code"\s*:\s*(-?\d+)')
_REJECTED: Final = re.compile(
    r"^\W{0,3}(?:error: )?(?:the user doesn't want to (?:proceed|take this action)"
    r"|(?:the )?user (?:has )?(?:rejected|declined|denied|cancell?ed)|(?:exec command "
    r"|patch )?rejected by (?:the )?user"
    r"|permission (?:denied|rejected) by (?:the )?user|approval (?:was )?(?:denied|rejected))",
    re.IGNORECASE,
)
_UNKNOWN: Final = re.compile(
    r"(?:no such tool|unknown tool|tool \S{1,80} (?:does not exist|not found|is not available)"
    r"|unsupported (?:call|tool)|unavailable tool)",
    re.IGNORECASE,
)
_INVALID: Final = re.compile(
    r"(?:inputvalidationerror|invalid input|invalid (?:tool )?arguments|called with invalid arguments"
    r"|failed to parse (?:function |tool )?arguments|missing required (?:parameter|argument|field)"
    r"|missing field `)",
    re.IGNORECASE,
)
_EDIT: Final = re.compile(
    r"(?:apply_patch verification failed|failed to find expected lines|string to replace not found"
    r"|oldstring not found|old_string not found|file has not been read yet"
    r"|file has been (?:unexpectedly )?modified"
    r"|found \d+ matches of the string to replace|found multiple matches|no changes to apply"
    r"|invalid patch"
    r"|search/replace blocks? failed|diff edit mismatch|does not match (?:any )?(?:content|text) in)",
    re.IGNORECASE,
)
_ERROR_MARK: Final = re.compile(
    r"^\s*(?:<tool_use_error>|(?:error|tool error|execution error)\s*[:\n])", re.IGNORECASE
)


def code_of(result: Result) -> str:
    """The result's code, one of CODES.

    >>> code_of(Result("c", "Exit code: 2\\nWall time: 0.1 s\\nOutput:\\nboom"))
    'command_failed'
    """
    head = result.text[:HEAD_CHARS]
    if _REJECTED.match(head):
        return REJECTED
    if head[:1] in "[{":
        told = _told_in_json(result.text)
        if told is not None:
            return told
    exit_code = _EXIT.match(head)
    if exit_code is not None:
        return OK if int(exit_code[1]) == 0 else COMMAND_FAILED
    if result.is_error or _ERROR_MARK.match(head) or head.startswith("apply_patch verification failed"):
        return _kind_of_error(head)
    return OK


def found_nothing(result: Result) -> bool:
    """Whether a command ended with exit code 1, by which programs that search or compare say "no"."""
    exit_code = _EXIT.match(result.text[:HEAD_CHARS])
    return exit_code is not None and exit_code[1] == "1"


def without_head(text: str) -> str:
    """A result's text without the lines in front in which Codex says how long it took, and the like."""
    return text[head.end() :] if (head := _RUN_HEAD.match(text)) else text


def _kind_of_error(text: str) -> str:
    for pattern, code in _KINDS:
        if pattern.search(text):
            return code
    return TOOL_ERROR


_KINDS: Final = ((_UNKNOWN, UNKNOWN_TOOL), (_EDIT, EDIT_FAILED), (_INVALID, INVALID_ARGUMENTS))


def _told_in_json(text: str) -> str | None:
    """What a result in JSON says of itself: Cline's list of queries, `{"error": ..}`, `{"metadata":
    {"exit_code": ..}}`; None when it says nothing."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        field = _EXIT_FIELD.search(text[-HEAD_CHARS:])
        return None if field is None else OK if int(field[1]) == 0 else COMMAND_FAILED
    entries = found if isinstance(found, list) else [found]
    codes = [_of_entry(entry) for entry in entries if isinstance(entry, dict)]
    told = [code for code in codes if code is not None]
    return next((code for code in told if code != OK), told[0] if told else None)


def _of_entry(entry: dict[str, Any]) -> str | None:
    for read in _READERS:
        code = read(entry)
        if code is not None:
            return code
    return None


def _by_exit_code(entry: dict[str, Any]) -> str | None:
    inner = entry.get("metadata")
    code = entry.get("exit_code", inner.get("exit_code") if isinstance(inner, dict) else None)
    if not isinstance(code, int):
        return None
    return OK if code == 0 else COMMAND_FAILED


def _by_error(entry: dict[str, Any]) -> str | None:
    error = entry.get("error")
    if not isinstance(error, str) or not error or entry.get("success") is True:
        return None
    head = error[:HEAD_CHARS]
    if _REJECTED.match(head):
        return REJECTED
    kind = _kind_of_error(head)
    return COMMAND_FAILED if kind == TOOL_ERROR and _EXIT.match(head) else kind


def _by_success(entry: dict[str, Any]) -> str | None:
    success = entry.get("success")
    return None if not isinstance(success, bool) else OK if success else TOOL_ERROR


_READERS: Final[tuple[Callable[[dict[str, Any]], str | None], ...]] = (_by_exit_code, _by_error, _by_success)
